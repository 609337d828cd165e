# SPDX-License-Identifier: GPL-2.0-only
# Several next hops: a flow has one of them, by net.ipv4.fib_multipath_hash_policy, and
# keeps it, a connection of the box that sends its SYN again as well. A group of
# nexthop objects too. A next hop that is known to be dead is passed over if
# fib_multipath_use_neigh says so.
#
#   client --- cl0 [box] up0 --- peer,  up1 --- peer2:  203.0.113.0/24 beyond both
# patches: none
# claims: L10
# weight: 8
topology
must sysctl -qw net.ipv4.ip_forward=1
host peer2
wire box up1 192.0.3.1/24 peer2 eth0 192.0.3.2/24
nvi nvi0
must ip route replace 203.0.113.0/24 via $PEER
must ip route del $FAR
must ip rule add pref 10 iif nvi0 lookup 60
must ip rule add pref 20 iif cl0 lookup 50
must ip rule add pref 20 fwmark 0x50 lookup 50
must ip route add default dev nvi0 table 50 src $BOX
must iptables -t mangle -A OUTPUT -d 203.0.113.0/24 -j MARK --set-mark 0x50
for ns in peer peer2; do must on $ns iptables -A INPUT -j DROP; done
capture p1 peer eth0
capture p2 peer2 eth0
# To 16 destinations, from 8 ports, a datagram each.
cat >/run/spray.py <<'EOF'
import socket, sys
for port in range(8):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.bind(('', 40000 + port))
    for to in range(16):
        s.sendto(b'x', ('203.0.113.%d' % (100 + to), int(sys.argv[1])))
EOF
# spray NS: "uplinks that any destination has seen; those that the first one has".
echo 1000 >/run/dport
spray() {
	dport=$(($(cat /run/dport) + 1))
	echo $dport >/run/dport
	must on "$1" python3 /run/spray.py $dport
	settled p1
	settled p2
	: >/run/paths
	for p in 1 2; do
		tcpdump -Z root -n -r /run/capture.p$p/pcap "udp dst port $dport" 2>/dev/null |
			sed -n 's/.* > \([0-9.]*\)\.[0-9]*: .*/\1/p' | sort | uniq -c | sed "s/$/ $p/" >>/run/paths
	done
	echo "$(awk '{ print $3 }' /run/paths | sort -u | xargs), $(sort -k 2,2 /run/paths | awk '{ n[$2]++; s += $1 } END { for (i in n) if (n[i] > 1) m++; print s + 0, m + 0 }')"
}
ways() {
	for ns in client box; do
		must sysctl -qw net.ipv4.fib_multipath_hash_policy=0
		is "$1, $ns: by addresses: both uplinks, no destination has two" "$(spray $ns)" '1 2, 128 0'
		must sysctl -qw net.ipv4.fib_multipath_hash_policy=1
		r=$(spray $ns)
		is "$1, $ns: by ports as well: both uplinks" "${r%, *} ${r#*, 128 }" "1 2 ${r##* }"
		at_least "$1, $ns: and destinations that have both" "${r##* }" 8
	done
}
must ip route add 203.0.113.0/24 table 60 nexthop via $PEER dev up0 nexthop via 192.0.3.2 dev up1
ways 'next hops of a route'
must ip route del 203.0.113.0/24 table 60
must ip nexthop add id 11 via $PEER dev up0
must ip nexthop add id 12 via 192.0.3.2 dev up1
must ip nexthop add id 10 group 11/12
must ip route add 203.0.113.0/24 table 60 nhid 10
ways 'a group of next hops'
must ip route del 203.0.113.0/24 table 60
must ip route add 203.0.113.0/24 table 60 nexthop via $PEER dev up0 nexthop via 192.0.3.2 dev up1

# SYNs that nobody answers, and their repetitions: TCP's own hash changes with each.
for p in 40001 40002 40003 40004; do
	socat -u /dev/null TCP4:203.0.113.100:80,bind=$BOX:$p,connect-timeout=30 2>/dev/null &
	echo $! >>/run/pids
done
repeated() {
	for _p in 40001 40002 40003 40004; do
		[ $(($(seen p1 "tcp src port $_p") + $(seen p2 "tcp src port $_p"))) -ge 4 ] || return 1
	done
}
check 'SYNs are repeated' wait_for 30 repeated
xargs kill </run/pids
moved=0
for p in 40001 40002 40003 40004; do
	[ "$(seen p1 "tcp src port $p")" = 0 ] || [ "$(seen p2 "tcp src port $p")" = 0 ] || moved=$((moved + 1))
done
is 'each connection stays on its next hop' $moved 0

# up0's next hop does not answer any more.
must sysctl -qw net.ipv4.fib_multipath_use_neigh=1
must ip neigh replace $PEER dev up0 nud failed
for ns in client box; do
	is "$ns: a dead next hop is passed over" "$(spray $ns)" '2, 128 0'
done
must sysctl -qw net.ipv4.fib_multipath_use_neigh=0
