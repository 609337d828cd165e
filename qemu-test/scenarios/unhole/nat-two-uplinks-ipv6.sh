# SPDX-License-Identifier: GPL-2.0-only
# IPv6: the whole flow: in by a NIC, DNAT, routed to lo, SNAT, out of lo, policy
# routing on the translated source, out by one of two uplinks. One conntrack
# entry, replies translated back, ESTABLISHED rules work on the second pass.
# claims: L9
# weight: 5
host client far1 far2
wire box cl0 2001:db8:1::1/64 client eth0 2001:db8:1::2/64,2001:db8:1::3/64
wire box up1 2001:db8:21::1/64 far1 eth0 2001:db8:21::2/64
wire box up2 2001:db8:22::1/64 far2 eth0 2001:db8:22::2/64
VIP=2001:db8:1::80 SERVER=2001:db8:3::80
for f in far1 far2; do
	must ip -n $f addr add $SERVER/128 dev lo nodad
done
must ip -n far1 -6 route add fd00:1::/64 via 2001:db8:21::1
must ip -n far2 -6 route add fd00:2::/64 via 2001:db8:22::1
must sysctl -qw net.ipv6.conf.all.forwarding=1

# First lookup: only for the NAT. Second: by the translated source.
must ip addr add $VIP/128 dev cl0 nodad
must ip6tables -t nat -A PREROUTING -i cl0 -d $VIP -j DNAT --to-destination $SERVER
hole_from6 cl0
must ip6tables -t nat -A POSTROUTING -o lo -s 2001:db8:1::2 -j SNAT --to-source fd00:1::1
must ip6tables -t nat -A POSTROUTING -o lo -s 2001:db8:1::3 -j SNAT --to-source fd00:2::1
unhole6
must ip -6 rule add iif lo from fd00:1::/64 lookup 101
must ip -6 rule add iif lo from fd00:2::/64 lookup 102
must ip -6 route add default via 2001:db8:21::2 table 101
must ip -6 route add default via 2001:db8:22::2 table 102
# Only what is known may go on from the second pass.
must ip6tables -A FORWARD -i cl0 -o lo -j ACCEPT
must ip6tables -A FORWARD -i lo -m conntrack --ctstate ESTABLISHED -m comment --comment second -j ACCEPT
must ip6tables -A FORWARD -i lo -m conntrack --ctstate NEW -m comment --comment first -j ACCEPT
must ip6tables -A FORWARD -o cl0 -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT
must ip6tables -P FORWARD DROP

capture one far1 eth0
capture two far2 eth0
capture client client eth0
check 'client ::2 is answered' pings client 3 $VIP -I 2001:db8:1::2
check 'client ::3 is answered' pings client 3 $VIP -I 2001:db8:1::3
for c in one two client; do settled $c; done
request='icmp6 and ip6[40] == 128'
is 'uplink 1 carries the source that leads there' "$(seen one "$request and src fd00:1::1 and dst $SERVER")" 3
is 'and nothing else' "$(seen one "$request and not src fd00:1::1")" 0
is 'uplink 2 carries the source that leads there' "$(seen two "$request and src fd00:2::1 and dst $SERVER")" 3
is 'and nothing else' "$(seen two "$request and not src fd00:2::1")" 0
is 'the replies are translated back' "$(seen client "icmp6 and ip6[40] == 129 and src $VIP")" 6
is 'no private address leaks to an uplink' \
	"$(($(seen one 'net 2001:db8:1::/64') + $(seen two 'net 2001:db8:1::/64')))" 0
is 'one conntrack entry a flow' "$(conntrack -L -f ipv6 -p icmpv6 2>/dev/null | grep -c "dst=$VIP")" 2
is 'and no other' "$(conntrack -L -f ipv6 -p icmpv6 2>/dev/null | grep -c 'type=128')" 2

udp_echo far1 $SERVER 7
is 'UDP is answered' "$(udp_ask client $VIP 7 hello "bind=[2001:db8:1::2]")" hello
head -c 2097152 /dev/urandom >/run/data
on far2 timeout $((30 * ${SLOW:-1})) socat -u "TCP6-LISTEN:5001,bind=[$SERVER]" CREATE:/run/got &
server=$!
wait_for 10 _listens far2 t 5001
check 'TCP is sent, 2 MiB' on client socat -u OPEN:/run/data "TCP6:[$VIP]:5001,bind=[2001:db8:1::3],connect-timeout=$((15 * ${SLOW:-1}))"
wait $server
check 'and arrives byte for byte' cmp /run/data /run/got
at_least '--ctstate ESTABLISHED matches on the second pass' "$(rule_packets 'comment second' ip6tables)" 100
