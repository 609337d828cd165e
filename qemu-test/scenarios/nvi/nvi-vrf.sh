# SPDX-License-Identifier: GPL-2.0-only
# A client in a VRF: the first lookup in its VRF leads to nvi0, the second one, made
# in the default VRF, to the uplink. FORWARD sees the VRF device both times, which is
# what it sees of routing inside a VRF. And nvi0 in a VRF: the second lookup is that
# VRF's.
# patches: none
# claims: L10
topology
must sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
must ip link add red type vrf table 70
must ip link set red up
must ip link set cl0 master red
must ip -6 addr replace $BOXCL6/64 dev cl0 nodad
nvi nvi0
must ip route add default dev nvi0 table 70
must ip -6 route add default dev nvi0 table 70
must iptables -t nat -A POSTROUTING -o nvi0 -j SNAT --to-source $BOX
must ip6tables -t nat -A POSTROUTING -o nvi0 -j SNAT --to-source $BOX6
# Back: translated in the default VRF, then into the client's.
must ip route add $CLIENT dev red
must ip -6 route add $CLIENT6 dev red
for t in iptables ip6tables; do
	must $t -A FORWARD -i red -o nvi0 -m comment --comment first
	must $t -A FORWARD -i red -o up0 -m comment --comment second
done
capture peer peer eth0
check 'a client in the VRF' pings client 3 $FAR
is 'FORWARD sees the VRF device on the first pass' "$(rule_packets 'comment first')" 3
is 'and on the second' "$(rule_packets 'comment second')" 3
check 'in IPv6' pings client 3 $FAR6
is 'FORWARD sees the VRF device on both' "$(rule_packets 'comment first' ip6tables) $(rule_packets 'comment second' ip6tables)" '3 3'
settled peer
is 'translated' "$(seen peer "icmp[0] == 8 and src $BOX") $(seen peer "icmp6[0] == 128 and src $BOX6")" '3 3'
speaks 'the VRF' client peer $FAR
# nvi0 and the uplink in another VRF.
must ip link add blue type vrf table 80
must ip link set blue up
must ip link set nvi0 master blue
must ip link set up0 master blue
must ip route add $FAR via $PEER table 80
must ip route add $CLIENT dev red table 80
must ip route replace default dev nvi0 table 70
check 'nvi0 in another VRF: its second lookup is there' pings client 3 $FAR
is 'FORWARD sees it leave by the uplink' "$(rule_packets 'comment second')" "$(rule_packets 'comment first')"
