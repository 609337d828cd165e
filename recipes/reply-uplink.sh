# SPDX-License-Identifier: GPL-2.0-only
# Several uplinks: whatever belongs to a connection (replies, ICMP errors) leaves by the
# uplink that the connection began on, of clients and of the box itself; beside MASQUERADE.
#
#                   UP1 --- GW1, GW1_6
#   CLIENT_IF [box]
#                   UP2 --- GW2, GW2_6      (UP3, GW3, GW3_6 to UP7, GW7, GW7_6)
#
# An uplink without a global address of a family is not one of that family's.
# VIA, FRONT, MARK, ...   see open.sh
#
# The uplink's number is noted in the connection's mark, once. With that a packet in the
# connection's own direction finds the uplink's table at once: MASQUERADE ends a connection
# that is seen to leave by another device, such as the hole. A reply goes into the hole, and
# has the number behind it. An ICMP error that the kernel makes has the entry of the packet
# that it is about. And what comes in by an uplink has its number for rp_filter.
# shellcheck shell=sh
set -e
: "${CLIENT_IF:=cl0}"
: "${UP1:=up1}" "${GW1:=192.0.2.2}" "${GW1_6:=2001:db8:2:1::2}"
: "${UP2:=up2}" "${GW2:=192.0.2.130}" "${GW2_6:=2001:db8:2:2::2}"
cd "$(dirname "$0")"
USES=uplinks BITS=4 NOT=two-isps OPEN=no NEEDS="$CLIENT_IF $UP1 $UP2 ${UP3-} ${UP4-} ${UP5-} ${UP6-} ${UP7-}"
FILLS=$(($(echo "$NEEDS" | wc -w) - 1))

# mangle CHAIN WORDS...: a rule of iptables; all of them are in table mangle.
mangle() { "$IPT" -t mangle -A "$@"; }
# family: for the uplinks in $uplinks, each as NUMBER:DEVICE.
family() {
	forwarding
	let_in "$CLIENT_IF"
	hole
	into "$TABLE"
	number=$((BIT1 | BIT2 | BIT3)) all=$((MARK)) in='' marked='' out='' again='' known=''
	[ "$FRONT" = nft ] || mangle "$CHAIN" "$WAY" "$VIA" -j CONNMARK --restore-mark --nfmask $all --ctmask $number
	for u in $uplinks; do
		n=${u%%:*} up=${u#*:}
		eval "gw=\${GW$n$six-}"
		table=$((TABLES + n - 1)) mark=$((n * BIT1))
		[ "$F" = 6 ] || sysctl -qw "net/ipv4/conf/$up/src_valid_mark=1"
		$IP route add default ${gw:+via "$gw"} dev "$up" table $table
		new="ct direction original ct mark & $number == 0 ct mark set ct mark | $mark"
		set="meta mark set meta mark & $(but $all) | $mark"
		in="$in; iifname \"$up\" $new" marked="$marked; iifname \"$up\" $set" out="$out; oifname \"$up\" $new"
		again="$again; oifname \"$VIA\" ct mark & $number == $mark $set"
		known="$known; ct direction original ct mark & $number == $mark $set"
		# What main has better than a default route for (clients, neighbours) has no
		# uplink to choose. (Not "0": wg-quick takes such a rule for its own when it stops.)
		$IP rule add pref $((PREF + 2)) fwmark $mark/$all lookup main suppress_prefixlength 1
		$IP rule add pref $((PREF + 3)) fwmark $mark/$all lookup $table
		[ "$FRONT" != nft ] || continue
		new="-m conntrack --ctdir ORIGINAL -m connmark --mark 0/$number -j CONNMARK --set-xmark $mark/$number"
		# shellcheck disable=SC2086 # words
		{ mangle PREROUTING -i "$up" $new && mangle POSTROUTING -o "$up" $new; }
		mangle PREROUTING -i "$up" -j MARK --set-xmark $mark/$all
	done
	$IP rule add pref "$PREF" fwmark "$BIT4/$all" lookup main suppress_prefixlength 1
	# Behind an nvi device such a rule is not met again, whatever the mark.
	for from in $([ "$VIA" = lo ] || echo "$CLIENT_IF lo"); do
		$IP rule add pref $((PREF + 1)) iif "$from" fwmark "$BIT4/$all" lookup "$TABLE"
	done
	[ "$VIA" != lo ] || $IP rule add pref $((PREF + 1)) fwmark "$BIT4/$all" lookup "$TABLE"
	if [ "$FRONT" = nft ]; then
		chains reply-uplink <<-EOF
			chain known {
				ct direction reply ct mark & $number != 0 meta mark set meta mark & $(but $all) | $BIT4$known
			}
			chain prerouting { type filter hook prerouting priority mangle$in$marked; iifname "$CLIENT_IF" jump known; }
			chain output { type route hook output priority mangle; jump known; }
			# Once more, behind those who set a whole mark
			chain prerouting2 { type filter hook prerouting priority mangle + 10$marked; iifname "$CLIENT_IF" jump known; }
			chain output2 { type route hook output priority mangle + 10; jump known; }
			chain postrouting { type filter hook postrouting priority mangle$out$again; }
		EOF
		return
	fi
	for where in "PREROUTING -i $CLIENT_IF" OUTPUT; do
		# shellcheck disable=SC2086 # words
		mangle $where -m connmark ! --mark 0/$number -m conntrack --ctdir ORIGINAL -j CONNMARK --restore-mark --nfmask $all --ctmask $number
		# shellcheck disable=SC2086 # words
		mangle $where -m connmark ! --mark 0/$number -m conntrack --ctdir REPLY -j MARK --set-xmark "$BIT4/$all"
	done
}
has=
for IPTABLES in iptables ip6tables; do
	. ./open.sh
	six=$([ "$F" = 4 ] || echo _6) uplinks=''
	for n in 1 2 3 4 5 6 7; do
		eval "up=\${UP$n-}"
		[ -z "$up" ] || [ -z "$($IP addr show dev "$up" scope global)" ] || uplinks="$uplinks $n:$up"
	done
	[ -z "$uplinks" ] || { has=yes && family; }
done
[ -n "$has" ] || die 'no uplink has a global address' 'UP1 and UP2 are the devices that lead to the providers'
