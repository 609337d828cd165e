# SPDX-License-Identifier: GPL-2.0-only
# The article's better alternative: in by a NIC, DNAT, routed to nvi0, SNAT, and
# routed again on the translated source, out by one of two uplinks. FORWARD sees
# the interface that the packet came in by both times, PREROUTING sees it once;
# one conntrack entry; a capture on nvi0 shows what it is translated to.
# patches: none
# claims: L9 L10
# weight: 5
host client far1 far2
wire box cl0 $BOXCL/24 client eth0 198.51.100.2/24,198.51.100.3/24
wire box up1 192.0.2.1/25 far1 eth0 192.0.2.2/25
wire box up2 192.0.2.129/25 far2 eth0 192.0.2.130/25
VIP=198.51.100.80 SERVER=203.0.113.80
for f in far1 far2; do
	must ip -n $f addr add $SERVER/32 dev lo
done
must ip -n far1 route add 10.9.1.0/24 via 192.0.2.1
must ip -n far2 route add 10.9.2.0/24 via 192.0.2.129
must sysctl -qw net.ipv4.ip_forward=1
must ip addr add $VIP/32 dev cl0

# First lookup: only for the NAT. Second: by the translated source.
# No router solicitations, which nvi0 would count as dropped.
must sysctl -qw net.ipv6.conf.default.disable_ipv6=1
nvi nvi0
must iptables -t nat -A PREROUTING -i cl0 -d $VIP -j DNAT --to-destination $SERVER
must ip rule add iif cl0 lookup 50
must ip route add default dev nvi0 table 50
must iptables -t nat -A POSTROUTING -o nvi0 -s 198.51.100.2 -j SNAT --to-source 10.9.1.1
must iptables -t nat -A POSTROUTING -o nvi0 -s 198.51.100.3 -j SNAT --to-source 10.9.2.1
must ip rule add iif nvi0 from 10.9.1.0/24 lookup 101
must ip rule add iif nvi0 from 10.9.2.0/24 lookup 102
must ip route add default via 192.0.2.2 table 101
must ip route add default via 192.0.2.130 table 102
# Only what is known may go on from the second lookup.
must iptables -A FORWARD -i cl0 -o nvi0 -m comment --comment first -j ACCEPT
must iptables -A FORWARD -i cl0 -o up+ -m conntrack --ctstate ESTABLISHED,NEW -m comment --comment second -j ACCEPT
must iptables -A FORWARD -i up+ -o cl0 -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT
must iptables -P FORWARD DROP
must iptables -t raw -A PREROUTING -s 198.51.100.0/24 -p icmp -m comment --comment once

capture one far1 eth0
capture two far2 eth0
capture client client eth0
capture nvi box nvi0
check 'client 198.51.100.2 is answered' pings client 3 $VIP -I 198.51.100.2
check 'client 198.51.100.3 is answered' pings client 3 $VIP -I 198.51.100.3
for c in one two client; do settled $c; done
is 'uplink 1 carries the source that leads there' "$(seen one "icmp[0] == 8 and src 10.9.1.1 and dst $SERVER")" 3
is 'and nothing else' "$(seen one 'icmp[0] == 8 and not src 10.9.1.1')" 0
is 'uplink 2 carries the source that leads there' "$(seen two "icmp[0] == 8 and src 10.9.2.1 and dst $SERVER")" 3
is 'and nothing else' "$(seen two 'icmp[0] == 8 and not src 10.9.2.1')" 0
is 'the TTL is decremented once per lookup' "$(seen one 'icmp[0] == 8 and ip[8] == 62')" 3
is 'the replies are translated back' "$(seen client "icmp[0] == 0 and src $VIP")" 6
is 'FORWARD sees cl0 on the first pass' "$(rule_packets 'comment first')" 6
is 'and on the second' "$(rule_packets 'comment second')" 6
is 'PREROUTING sees each packet once' "$(rule_packets 'comment once')" 6
is 'one conntrack entry a flow' "$(conntrack -L -p icmp 2>/dev/null | grep -c "dst=$VIP")" 2
is 'and no other' "$(conntrack -L -p icmp 2>/dev/null | grep -c icmp)" 2
is 'a capture on nvi0 shows translated packets' "$(seen nvi "icmp[0] == 8 and (src 10.9.1.1 or src 10.9.2.1) and dst $SERVER")" 6
is 'and no others' "$(seen nvi 'icmp and not (src 10.9.1.1 or src 10.9.2.1)')" 0
is 'all were handled in the transmit function' "$(nvi_stat nvi0 direct)" 6
speaks 'uplink 1' client far1 $VIP $SERVER
is 'the device counts what was routed to it' "$(cat /sys/class/net/nvi0/statistics/tx_packets)" "$(nvi_stat nvi0 direct)"
is 'and what was routed again' "$(cat /sys/class/net/nvi0/statistics/rx_packets)" "$(nvi_stat nvi0 direct)"
is 'nothing was dropped' "$(cat /sys/class/net/nvi0/statistics/tx_dropped)" 0
