# SPDX-License-Identifier: GPL-2.0-only
# What transits between two VRFs. By a route to the other VRF's device, as routing daemons
# write it, it is sent by that device, and crosses OUTPUT: a policy there that lets out
# nothing but the box's own services loses it. By an nvi device in the other VRF it is
# forwarded: FORWARD judges it, OUTPUT never sees it. In both families.
# patches: none
# claims: L10
# weight: 6
topology
must sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
must batch box 'link add red type vrf table 10' 'link add green type vrf table 11' \
	'link set red up' 'link set green up' 'link set cl0 master red' 'link set up0 master green'
addresses box cl0 $BOXCL6/64
addresses box up0 $BOX6/64
capture wire peer eth0
for n in red green; do
	nvi nvi-$n
	must ip link set nvi-$n master $n
done
for f in 4 6; do
	family $f
	must $IP route replace $FAR via $PEER dev up0 table 11
	must $IPT -A OUTPUT -o up0 -d $FAR -m comment --comment seen
	must $IPT -A OUTPUT -o green -d $FAR -m comment --comment vrf
	must $IPT -A FORWARD -i red -o up0 -m comment --comment transit

	must $IP route add $FAR dev green table 10
	must $IP route add $CLIENT dev red table 11
	check "IPv$F, by the VRF's device: answered" pings client 3 $FAR
	at_least "IPv$F, by the VRF's device: OUTPUT has seen it" \
		"$(($(rule_packets 'comment seen' $IPT) + $(rule_packets 'comment vrf' $IPT)))" 3
	if [ $F = 6 ]; then
		must ip6tables -A OUTPUT -p icmpv6 --icmpv6-type neighbour-solicitation -j ACCEPT
		must ip6tables -A OUTPUT -p icmpv6 --icmpv6-type neighbour-advertisement -j ACCEPT
	fi
	must $IPT -P OUTPUT DROP
	refute "IPv$F, OUTPUT drops: not answered" pings client 1 $FAR -W 1

	must $IP route replace $FAR dev nvi-green table 10
	must $IP route replace $CLIENT dev nvi-red table 11
	must $IPT -Z
	check "IPv$F, OUTPUT drops, by nvi: answered" pings client 3 $FAR
	is "IPv$F, by nvi: OUTPUT has not seen it" "$(rule_packets 'comment seen' $IPT) $(rule_packets 'comment vrf' $IPT)" '0 0'
	at_least "IPv$F, by nvi: FORWARD has" "$(rule_packets 'comment transit' $IPT)" 3
	speaks "IPv$F, by nvi" client peer $FAR
	refute "IPv$F: the box's own is dropped" pings box 1 $FAR -I green -W 1
	must $IPT -A FORWARD -o up0 -d $FAR -j REJECT
	refute "IPv$F: what FORWARD refuses is refused" pings client 1 $FAR -W 1
	must $IPT -P OUTPUT ACCEPT
done
settled wire
at_least 'on the wire' "$(seen wire "icmp[0] == 8 and src 198.51.100.2")" 6
