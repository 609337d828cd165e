# SPDX-License-Identifier: GPL-2.0-only
# The second lookup asks as an input lookup of this kernel does: of the TOS what that
# takes along, realms of route, rule and source. And in a VRF, nvi0 is the input
# interface of all packets, in both families: fragments leave where whole packets do.
# patches: none
# claims: L10
# weight: 6
topology
must sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
nvi nvi0
# By the TOS, plain (pref 20) and by nvi (pref 5 leads there): the same answers.
must ip rule add pref 20 iif cl0 tos 0x18 lookup 61
must ip rule add pref 10 iif nvi0 tos 0x18 lookup 61
must ip route add default dev nvi0 table 50
must ip route add $FAR via $PEER dev up0 table 61
must ip route replace unreachable $FAR
answers() {
	for q in 0 0x08 0x18 0x1c 0x58 0xb8 0xf8; do
		on client ping -n -c 1 -W 1 -Q $q $FAR | grep -q ' 0% packet loss' && echo yes || echo no
	done | xargs
}
plain=$(answers)
must ip rule add pref 5 iif cl0 lookup 50
sent=$(cat /sys/class/net/nvi0/statistics/tx_packets)
is 'rules by TOS match as without nvi' "$(answers)" "$plain"
says 'some do, and some do not' "$plain" yes no
at_least 'by nvi0' $(($(cat /sys/class/net/nvi0/statistics/tx_packets) - sent)) 7
must ip rule del pref 10
must ip rule del pref 20

# Realms: of the route; of the rule where the route has none; of the source.
must ip route replace $FAR via $PEER
must ip rule add pref 10 iif nvi0 lookup 60
must ip route replace $FAR via $PEER dev up0 table 60 realm 7
realms() { # SOURCE,DESTINATION...: of those, as FORWARD sees them on the second pass
	must iptables -F FORWARD
	must iptables -A FORWARD -o up0 -m realm --realm "$1" -m comment --comment realm
	pings client 2 $FAR >/dev/null
	rule_packets 'comment realm'
}
is "the route's realm" "$(realms 7)" 2
is 'once more, by the kept lookup' "$(realms 7)" 2
must ip route replace $FAR via $PEER dev up0 table 60
must ip rule del pref 10
must ip rule add pref 10 iif nvi0 lookup 60 realms 9
is "the rule's" "$(realms 9)" 2
must ip rule add pref 9 from all to 198.51.100.0/24 lookup 62
must ip route add 198.51.100.0/24 dev cl0 table 62 realm 5
is "the source's and the rule's" "$(realms $((5 << 16 | 9)))" 2
must ip rule del pref 9
must ip rule del pref 10
must iptables -F FORWARD

# A VRF with two uplinks: "iif nvi0" leads to the second one.
host peer2
wire box up1 192.0.3.1/24,2001:db8:4::1/64 peer2 eth0 192.0.3.2/24,2001:db8:4::2/64
must ip -n peer2 addr add $FAR/32 dev lo
must ip -n peer2 addr add $FAR6/128 dev lo nodad
must ip -n peer2 route add default via 192.0.3.1
must ip -n peer2 -6 route add default via 2001:db8:4::1
must ip link add red type vrf table 70
must ip link set red up
for d in cl0 up0 up1 nvi0; do must ip link set $d master red; done
addresses box cl0 $BOXCL6/64
addresses box up0 $BOX6/64
addresses box up1 2001:db8:4::1/64
must ip route add $FAR via $PEER table 70
must ip -6 route add $FAR6 via $PEER6 table 70
must ip route add $FAR via 192.0.3.2 dev up1 table 71
must ip -6 route add $FAR6 via 2001:db8:4::2 dev up1 table 71
must ip route replace default dev nvi0 table 50
must ip -6 route add default dev nvi0 table 50
for f in -4 -6; do
	[ $f = -4 ] || must ip $f rule add pref 5 iif red lookup 50
	must ip $f rule add pref 4 iif nvi0 lookup 71
done
must ip rule add pref 3 to 198.51.100.0/24 lookup 70
must ip -6 rule add pref 3 to 2001:db8:1::/64 lookup 70
must ip rule add pref 6 iif red lookup 50
capture peer peer eth0
capture peer2 peer2 eth0
for to in $FAR $FAR6; do
	check "a VRF, to $to: whole packets are answered" pings client 3 $to
	check "a VRF, to $to: fragments" pings client 3 $to -s 3000
done
settled peer
settled peer2
is 'all by the uplink of "iif nvi0"' "$(seen peer "dst $FAR or (dst $FAR6)")" 0
at_least 'IPv4: fragments' "$(seen peer2 "dst $FAR and ip[6:2] & 0x1fff != 0")" 6
at_least 'IPv6: fragments' "$(seen peer2 "dst $FAR6 and ip6[6] == 44")" 9
at_least 'by the receive path' "$(nvi_stat nvi0 rx_fragment)" 12
