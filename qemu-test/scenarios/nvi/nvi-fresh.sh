# SPDX-License-Identifier: GPL-2.0-only
# What a CPU keeps of second lookups is void with the change that makes another answer
# of it: the very next packet goes the new way. Routes, also of a table that is asked
# before; rules; a nexthop object.
#
#   client --- cl0 [box] up0 --- peer,  up1 --- peer2: both are FAR
# patches: none
# claims: L10
# weight: 6
topology
host peer2
wire box up1 192.0.3.1/24,2001:db8:4::1/64 peer2 eth0 192.0.3.2/24,2001:db8:4::2/64
addresses peer2 lo $FAR/32,$FAR6/128
must ip -n peer2 route add default via 192.0.3.1
must ip -n peer2 -6 route add default via 2001:db8:4::1
must sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
nvi nvi0
# leaves WHAT DEV: the next packet to $to does so by DEV.
leaves() {
	_was=$(rule_packets "out $2" $t)
	check "$to: $1: answered" pings client 1 $to
	is "$to: $1: by $2" $(($(rule_packets "out $2" $t) - _was)) 1
}
for f in 4 6; do
	if [ $f = 4 ]; then
		t=iptables to=$FAR one="via $PEER dev up0" two='via 192.0.3.2 dev up1'
	else
		t=ip6tables to=$FAR6 one="via $PEER6 dev up0" two='via 2001:db8:4::2 dev up1'
	fi
	for d in up0 up1; do must $t -A FORWARD -o $d -d $to -m comment --comment "out $d"; done
	must ip -$f route add default dev nvi0 table 50
	must ip -$f rule add pref 20 iif cl0 lookup 50
	must ip -$f rule add pref 10 iif nvi0 lookup 60
	must ip -$f rule add pref 11 iif nvi0 lookup 61
	must ip -$f route add $to $one table 61
	must ip -$f route add $to $two table 62
	leaves 'at first' up0
	must ip -$f route add $to $two table 60
	leaves 'a route in a table that is asked before' up1
	must ip -$f route del $to table 60
	leaves 'it is gone' up0
	must ip -$f rule add pref 5 iif nvi0 lookup 62
	leaves 'a rule' up1
	must ip -$f rule del pref 5
	leaves 'it is gone' up0
	must ip -$f route replace $to $two table 61
	leaves 'a route is replaced' up1
	must ip -$f nexthop add id 7 $one
	must ip -$f route replace $to nhid 7 table 61
	leaves 'by a nexthop object' up0
	must ip -$f nexthop replace id 7 $two
	leaves 'which is replaced' up1
	must ip -$f nexthop del id 7
	is "$to: all were handled in the transmit function" "$(nvi_stat nvi0 direct)" $((f == 4 ? 8 : 16))
done
