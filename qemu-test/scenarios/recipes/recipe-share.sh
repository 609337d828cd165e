# SPDX-License-Identifier: GPL-2.0-only
# Two recipes on one box: by one nvi device, with one sysctl; what they share stays until the
# last of them is undone, and clients and the box both have their way. A policy of FORWARD
# that drops lets the first pass through, and judges the second as before, fragments too. What stops a recipe
# leaves everything as it was: a device that is not there, one that is no nvi device or has
# other flags, bits of the mark that are somebody else's, too few of them, a word that is
# none, an address of the box.
# patches: none
# weight: 80
topology
via nvi0
must sysctl -qw net.ipv4.ip_forward=0
must ip addr add 192.0.2.9/24 dev up0
must ip route add default via $PEER
must ip route del $FAR
must nft add table inet filter
must nft 'add chain inet filter forward { type filter hook forward priority 0; policy drop; }'
must nft add rule inet filter forward ct state established,related accept
must nft add rule inet filter forward iifname cl0 oifname up0 udp dport 7 drop
must nft add rule inet filter forward iifname cl0 oifname up0 accept
capture wire peer eth0
box_now() {
	{
		ip rule; ip route show table all; ip -br link; nft list ruleset; iptables-save -t mangle
		sysctl net.ipv4.ip_forward
	} | grep -v '^#' | sed 's/\[[0-9]*:[0-9]*\]//' >"/run/$1"
}
box_now bare

UP="CLIENTS1=198.51.100.0/24 SNAT1=192.0.2.9 GW1=$PEER GW2= GW3="
recipe uplinks $UP
is 'forwarding is on' "$(sysctl -n net.ipv4.ip_forward)" 1
check 'a client, though FORWARD drops' pings client 2 $FAR
recipe own-forward UPLINK=up0
check 'the box, beside it' pings box 2 $FAR
settled wire
is 'the client, translated' "$(seen wire "icmp[0] == 8 and src 192.0.2.9 and ip[8] == 62")" 2
is 'the box, by the same device' "$(seen wire "icmp[0] == 8 and src $BOX and ip[8] == 63")" 2
# What cl0 may not send to the uplink, in one piece and in fragments, which come in by nvi0.
for size in 10 3000; do
	on client socat -u EXEC:"head -c $size /dev/zero" UDP4-SENDTO:$FAR:7 2>/dev/null
	on client socat -u EXEC:"head -c $size /dev/zero" UDP4-SENDTO:$FAR:8 2>/dev/null
done
settled wire
is 'what the policy forbids stays forbidden' "$(seen wire "udp dst port 7")" 0
at_least 'what it allows passes' "$(seen wire 'udp dst port 8')" 1
recipe uplinks $UP
check 'made again: a client' pings client 1 $FAR
check 'and the box' pings box 1 $FAR
box_now both

refused() { # WHAT CAUSE RECIPE [VARIABLE=VALUE...] [undo]
	_w=$1 _cause=$2 _r=$3
	shift 3
	refute "$_w: refused" env "$@" sh "/unhole/recipes/$_r.sh"
	says "$_w: cause and cure" "$_out" "$_cause" 'cure: '
	box_now after
	check "$_w: nothing has changed" cmp /run/both /run/after
}
refused 'no such device' 'there is no device nic7' hole-from DEV=nic7
refused 'no device of ours' 'cl0 is no nvi device' hole-from DEV=cl0 VIA=cl0
refused 'with other flags' 'has nothing switched on; this recipe wants reset-ct' own-dnat VIP=203.0.113.80 SERVER=$FAR
refused 'an address of the box' "$BOX is the box's own" own-dnat VIP=$BOX SERVER=$FAR VIA=nvi1
# Somebody's tables: with a route, or a rule for routes that are still to come.
must ip route add 10.0.0.0/8 via $PEER table 77
must ip rule add from 10.0.0.0/8 lookup 79 pref 5000
box_now both
refused 'the table into the hole is in use' 'the table 77 is in use here: 10.0.0.0/8 via' hole-from DEV=cl0 TABLE=77
refused 'a table behind it is in use' 'the table 79 is in use here: 5000:' tunnel-snat TUNNEL=up0 TABLES=79 TABLE=80
refused "one of several's" 'the table 77 is in use here' two-isps UPLINKS='up0 up0' LAN=cl0 TABLES=75 VIA=nvi1
must ip route del 10.0.0.0/8 via $PEER table 77
must ip rule del pref 5000
box_now both
for bad in MARK=abc MARK=0x1ffffffff MARK=08 TABLE=main TABLE=0 TABLE=254 TABLES=x PREF=-5 PREF=32767 FRONT=legacy VIA=a/b; do
	refused "$bad" "error: ${bad%%=*}=${bad#*=} is" uplinks $UP "$bad"
done
mkdir /run/nonft
ln -s /usr/bin/* /usr/sbin/* /bin/* /sbin/* /run/nonft 2>/dev/null
rm /run/nonft/nft
refused 'plain Linux without nft' 'nft is missing' port-forward PATH=/run/nonft SERVER=$CLIENT
refused 'a gateway that is none' 'error: ip -4 route add default via bad' uplinks $UP GW1=bad
says '... and what stood before stands' "$(nft list table ip unhole-uplinks)" 192.0.2.9
refused 'a mark of too few bits' 'has 1 bits, and this recipe needs' own-tproxy MARK=0x40 VIA=nvi1
must iptables -t mangle -A PREROUTING -i up0 -j MARK --set-xmark 0x100/0x300
box_now both
refused 'bits of somebody else' "the mark's bits 0x100 are in use" hole-from DEV=cl0 MARK=0x100/0x100
must iptables -t mangle -F
nft delete table ip mangle 2>/dev/null	# where it is nftables' own
box_now both
refute 'a word that is none: refused' sh /unhole/recipes/uplinks.sh upp
says 'and it says so' "$_out" "'upp' is not known"

check 'the first is undone' sh /unhole/recipes/uplinks.sh undo
is 'forwarding stays on, for the other' "$(sysctl -n net.ipv4.ip_forward)" 1
check 'the box still has its way' pings box 2 $FAR
settled wire
before=$(seen wire 'icmp[0] == 8 and src 192.0.2.9')
pings client 1 $FAR -W 1 >/dev/null
settled wire
is 'a client is translated no more' $(($(seen wire 'icmp[0] == 8 and src 192.0.2.9') - before)) 0
check 'the second is undone' sh /unhole/recipes/own-forward.sh undo
box_now undone
check 'all is as before' diff /run/bare /run/undone
check 'undone twice' sh /unhole/recipes/own-forward.sh undo
# Beside a firewall of nftables that drops: devices that are called as a number or as a word of
# nft's, addresses as long as they can be.
for d in 1st vlan a@b x+y; do
	must ip link add "$d" type dummy
	for r in 'hole-from DEV' 'own-forward UPLINK' 'flowtable UPLINKS' 'two-isps LAN'; do
		check "$r=$d" env "${r#* }=$d" UPLINKS=up0 FAMILIES=4 sh "/unhole/recipes/${r% *}.sh"
		must env "${r#* }=$d" sh "/unhole/recipes/${r% *}.sh" undo
	done
	must ip link del "$d"
done
long=2001:db8:1234:5678:9abc:def0:1234
recipe pod-to-itself6 POD=$long:5678 SERVICE=$long:9999
check 'undone' env POD=$long:5678 sh /unhole/recipes/pod-to-itself6.sh undo
box_now undone
check 'all is as before' diff /run/bare /run/undone
# A namespace that has the number of one that is gone is another one.
host gone
must ip -n gone link add up0 type dummy
check 'a recipe in a namespace' on gone sh /unhole/recipes/own-forward.sh
refute 'the tag is set' on gone grep -qx 0 /proc/sys/net/ipv4/conf/lo/tag
of() { on $1 readlink /proc/self/ns/net | tr -dc 0-9; }
state=/run/unhole/$(of gone)
must ip netns del gone
host new
[ "$state" = "/run/unhole/$(of new)" ] || must mv "$state" "/run/unhole/$(of new)"
must on new sysctl -qw net.ipv4.ip_forward=1
check '... and undo in another that has its number' on new sh /unhole/recipes/own-forward.sh undo
says '... which is told' "$_out" 'namespace that is gone'
is '... and stays as it is' "$(on new sysctl -n net.ipv4.ip_forward)" 1
is 'nothing is left of the tag' "$(sysctl -n net.ipv4.conf.lo.tag)" 0
# An undo that is killed can be run again.
recipe own-forward UPLINK=up0
mkdir /run/killing
cat >/run/killing/nft <<-END
	#!/bin/sh
	[ ! -e /run/kills ] || { kill -9 \$PPID; exit 1; }
	exec $(command -v nft) "\$@"
END
chmod +x /run/killing/nft
: >/run/kills
refute 'an undo that is killed' env PATH="/run/killing:$PATH" sh /unhole/recipes/own-forward.sh undo
rm /run/kills
check '... is run again' sh /unhole/recipes/own-forward.sh undo
box_now undone
check '... and all is as before' diff /run/bare /run/undone
# Only root can; others are told so, and do not hear that there is nothing to be undone.
recipe own-forward UPLINK=up0
for w in own-forward:undo own-forward: two-isps:up two-isps:status; do
	refute "a user, ${w}" setpriv --reuid=65534 --regid=65534 --clear-groups sh "/unhole/recipes/${w%:*}.sh" ${w#*:}
	says '... is told' "$_out" 'error: only root can'
done
check 'root' sh /unhole/recipes/own-forward.sh undo
