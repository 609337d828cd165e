# SPDX-License-Identifier: GPL-2.0-only
# Route-based IPsec: the second lookup, by the source that NAT has given, leads into an
# xfrm interface. A client's packets and the box's own leave encrypted, and nothing is in
# the clear. Then the other way round: what comes in by the xfrm interface is led into
# lo, gets another source there, and goes on to the client. In IPv6, on lo, that takes a
# policy without an if_id: the second pass is checked as well (lo's disable_policy=1 is
# for IPv4), and lo has no if_id. In both families. With an nvi device:
# nvi-ipsec-interface.
#
#   client --- cl0 [box] up0 === ESP, of ipsec0 === peer, 203.0.113.7 behind it
#
# claims: L9
# weight: 14
topology
. /unhole/second.sh
modprobe -a esp4 esp6 xfrm_user xfrm_interface 2>/dev/null || :
must ip link add ipsec0 type xfrm dev up0 if_id 7
must ip link set ipsec0 up
capture wire box up0
capture peer peer eth0
capture client client eth0

sent() { seen wire "esp and src $BOX and dst $PEER"; }
asks() { # WHAT NS
	unholed=$(passed_again) esps=$(sent)
	check "$1: answered" pings $2 3 $FAR
	settled wire
	is "$1: encrypted, once each" $(($(sent) - esps)) 3
	is "$1: passed again" $(($(passed_again) - unholed)) 3
}
no_policies() { awk '$1 == "XfrmInNoPols" { print $2 }' /proc/net/xfrm_stat; }
for f in 4 6; do
	family $f
	[ $F = 4 ] && T=192.0.2.129 || T=2001:db8:2::129
	[ $F = 4 ] && INNER=198.51.100.99 || INNER=2001:db8:1::99
	must ip addr add $T/$ALL dev ipsec0
	into $T
	must $IP route add default dev ipsec0 table 60
	esp box if_id 7
	esp peer
	policy peer $T $FAR in
	policy peer $FAR $T out
	policy box $FAR $T in if_id 7
	policy box $FAR $T fwd if_id 7
	policy box $T $FAR out if_id 7

	asks "IPv$F, a client" client
	asks "IPv$F, the box" box
	speaks "IPv$F, a client" client peer $FAR
	speaks "IPv$F, the box" box peer $FAR
	settled client
	at_least "IPv$F: replies come back in the clear" "$(seen client "$REPLY and src $FAR and dst $CLIENT")" 6

	# From the far side, to the client: by ipsec0, then lo.
	policy peer $FAR $CLIENT out
	policy peer $CLIENT $FAR in
	policy box $FAR $CLIENT fwd if_id 7
	policy box $CLIENT $FAR out if_id 7
	must $IP rule add fwmark 0x51 lookup 50
	must $IP rule add iif $VIA from $INNER lookup main
	must $IP rule add iif cl0 to $FAR lookup 60
	must $IPT -t mangle -F PREROUTING
	[ $VIA != lo ] || must $IPT -t mangle -A PREROUTING -i lo -j MARK --set-mark 0x60
	must $IPT -t mangle -A PREROUTING -i ipsec0 -m conntrack --ctstate NEW,ESTABLISHED --ctdir ORIGINAL -j MARK --set-mark 0x51
	must $IPT -t nat -I POSTROUTING -o $VIA -s $FAR -j SNAT --to-source $INNER
	must ip addr add $INNER/$LEN dev cl0
	must $IP -n peer route add $CLIENT via $BOX src $FAR
	if [ $VIA$F = lo6 ]; then
		nopols=$(no_policies)
		refute "IPv6, from ipsec0, if_id: not answered" pings peer 1 $CLIENT -I $FAR -W 1
		is "IPv6, from ipsec0, if_id: for want of a policy on lo" $(($(no_policies) - nopols)) 1
		policy box $FAR $CLIENT fwd
	fi
	unholed=$(passed_again)
	check "IPv$F, from ipsec0: answered" pings peer 3 $CLIENT -I $FAR
	settled client
	is "IPv$F, from ipsec0: with the other source" "$(seen client "$REQUEST and src $INNER and dst $CLIENT")" 3
	is "IPv$F, from ipsec0: passed again" $(($(passed_again) - unholed)) 3
	check "IPv$F, from ipsec0: fragments" pings peer 3 $CLIENT -I $FAR -s 4000
	check "IPv$F, from ipsec0: TCP, byte for byte" tcp_copy peer client $CLIENT 5001 1
	settled wire
	settled peer
	is "IPv$F: nothing left in the clear" "$(seen wire "dst $FAR")" 0
	is "IPv$F: nor did a reply" "$(seen peer "src $FAR")" 0
	must ip addr del $INNER/$LEN dev cl0
done
