# SPDX-License-Identifier: GPL-2.0-only
# nvi-two-uplinks in IPv6.
# patches: none
# claims: L9 L10
# weight: 5
CL2=2001:db8:1::2 CL3=2001:db8:1::3
VIP=2001:db8:1::80 SERVER=2001:db8:3::80
host client far1 far2
wire box cl0 $BOXCL6/64 client eth0 $CL2/64,$CL3/64
wire box up1 2001:db8:21::1/64 far1 eth0 2001:db8:21::2/64
wire box up2 2001:db8:22::1/64 far2 eth0 2001:db8:22::2/64
for f in far1 far2; do
	must ip -n $f addr add $SERVER/128 dev lo nodad
done
must ip -n far1 route add 2001:db8:91::/64 via 2001:db8:21::1
must ip -n far2 route add 2001:db8:92::/64 via 2001:db8:22::1
must sysctl -qw net.ipv6.conf.all.forwarding=1
must ip addr add $VIP/128 dev cl0 nodad

nvi nvi0
must ip6tables -t nat -A PREROUTING -i cl0 -d $VIP -j DNAT --to-destination $SERVER
must ip -6 rule add iif cl0 lookup 50
must ip -6 route add default dev nvi0 table 50
must ip6tables -t nat -A POSTROUTING -o nvi0 -s $CL2 -j SNAT --to-source 2001:db8:91::1
must ip6tables -t nat -A POSTROUTING -o nvi0 -s $CL3 -j SNAT --to-source 2001:db8:92::1
must ip -6 rule add iif nvi0 from 2001:db8:91::/64 lookup 101
must ip -6 rule add iif nvi0 from 2001:db8:92::/64 lookup 102
must ip -6 route add default via 2001:db8:21::2 table 101
must ip -6 route add default via 2001:db8:22::2 table 102
must ip6tables -A FORWARD -i cl0 -o nvi0 -m comment --comment first -j ACCEPT
must ip6tables -A FORWARD -i cl0 -o up+ -m conntrack --ctstate ESTABLISHED,NEW -m comment --comment second -j ACCEPT
must ip6tables -A FORWARD -i up+ -o cl0 -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT
must ip6tables -P FORWARD DROP

capture one far1 eth0
capture two far2 eth0
check 'client 2 is answered' pings client 3 $VIP -I $CL2
check 'client 3 is answered' pings client 3 $VIP -I $CL3
settled one
settled two
is 'uplink 1 carries the source that leads there' "$(seen one "icmp6[0] == 128 and src 2001:db8:91::1 and dst $SERVER and ip6[7] == 62")" 3
is 'and nothing else' "$(seen one 'icmp6[0] == 128')" 3
is 'uplink 2 carries the source that leads there' "$(seen two "icmp6[0] == 128 and src 2001:db8:92::1 and dst $SERVER and ip6[7] == 62")" 3
is 'and nothing else' "$(seen two 'icmp6[0] == 128')" 3
is 'FORWARD sees cl0 on the first pass' "$(rule_packets 'comment first' ip6tables)" 6
is 'and on the second' "$(rule_packets 'comment second' ip6tables)" 6
is 'one conntrack entry a flow' "$(conntrack -f ipv6 -L -p icmpv6 2>/dev/null | grep -c icmpv6)" 2
is 'all were handled in the transmit function' "$(nvi_stat nvi0 direct)" 6
# The client's own choice of source.
speaks 'uplink 2' client far2 $VIP $SERVER
