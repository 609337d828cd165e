# SPDX-License-Identifier: GPL-2.0-only
# The whole flow: in by a NIC, DNAT, routed to lo, SNAT, out of lo, policy
# routing on the translated source, out by one of two uplinks. One conntrack
# entry, replies translated back, ESTABLISHED rules work on the second pass.
# claims: L9
# weight: 5
host client far1 far2
wire box cl0 $BOXCL/24 client eth0 198.51.100.2/24,198.51.100.3/24
wire box up1 192.0.2.1/24 far1 eth0 192.0.2.2/24
wire box up2 192.0.2.129/25 far2 eth0 192.0.2.130/25
must ip addr del 192.0.2.1/24 dev up1
must ip addr add 192.0.2.1/25 dev up1
VIP=198.51.100.80 SERVER=203.0.113.80
for f in far1 far2; do
	must ip -n $f addr add $SERVER/32 dev lo
done
must ip -n far1 route add 10.9.1.0/24 via 192.0.2.1
must ip -n far2 route add 10.9.2.0/24 via 192.0.2.129
must sysctl -qw net.ipv4.ip_forward=1

# First lookup: only for the NAT. Second: by the translated source.
must iptables -t nat -A PREROUTING -i cl0 -d $VIP -j DNAT --to-destination $SERVER
hole_from cl0
must iptables -t nat -A POSTROUTING -o lo -s 198.51.100.2 -j SNAT --to-source 10.9.1.1
must iptables -t nat -A POSTROUTING -o lo -s 198.51.100.3 -j SNAT --to-source 10.9.2.1
must ip addr add $VIP/32 dev cl0
unhole
must ip rule add iif lo from 10.9.1.0/24 lookup 101
must ip rule add iif lo from 10.9.2.0/24 lookup 102
must ip route add default via 192.0.2.2 table 101
must ip route add default via 192.0.2.130 table 102
# Only what is known may go on from the second pass.
must iptables -A FORWARD -i cl0 -o lo -j ACCEPT
must iptables -A FORWARD -i lo -m conntrack --ctstate ESTABLISHED -m comment --comment second -j ACCEPT
must iptables -A FORWARD -i lo -m conntrack --ctstate NEW -m comment --comment first -j ACCEPT
must iptables -A FORWARD -o cl0 -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT
must iptables -P FORWARD DROP

capture one far1 eth0
capture two far2 eth0
capture client client eth0
check 'client 198.51.100.2 is answered' pings client 3 $VIP -I 198.51.100.2
check 'client 198.51.100.3 is answered' pings client 3 $VIP -I 198.51.100.3
for c in one two client; do settled $c; done
is 'uplink 1 carries the source that leads there' "$(seen one "icmp[0] == 8 and src 10.9.1.1 and dst $SERVER")" 3
is 'and nothing else' "$(seen one 'icmp[0] == 8 and not src 10.9.1.1')" 0
is 'uplink 2 carries the source that leads there' "$(seen two "icmp[0] == 8 and src 10.9.2.1 and dst $SERVER")" 3
is 'and nothing else' "$(seen two 'icmp[0] == 8 and not src 10.9.2.1')" 0
is 'the replies are translated back' "$(seen client "icmp[0] == 0 and src $VIP")" 6
is 'no private address leaks to an uplink' "$(($(seen one 'net 198.51.100.0/24 and icmp') + $(seen two 'net 198.51.100.0/24 and icmp')))" 0
is 'one conntrack entry a flow' "$(conntrack -L -p icmp 2>/dev/null | grep -c "dst=$VIP")" 2
is 'and no other' "$(conntrack -L -p icmp 2>/dev/null | grep -c icmp)" 2

udp_echo far1 $SERVER 7
is 'UDP is answered' "$(udp_ask client $VIP 7 hello bind=198.51.100.2)" hello
head -c 2097152 /dev/urandom >/run/data
on far2 socat -u TCP4-LISTEN:5001,bind=$SERVER CREATE:/run/got &
server=$!
wait_for 10 _listens far2 t 5001
check 'TCP is sent, 2 MiB' on client socat -u OPEN:/run/data TCP4:$VIP:5001,bind=198.51.100.3
wait $server
check 'and arrives byte for byte' cmp /run/data /run/got
at_least '--ctstate ESTABLISHED matches on the second pass' "$(rule_packets 'comment second')" 100
