# SPDX-License-Identifier: GPL-2.0-only
# What is bounded. A tunnel over nvi0 that leads into itself ends after a few rounds, also
# with receive packet steering and with a qdisc on either. IPv6 neighbours on nvi0 do not
# fill the table that all namespaces share. A user namespace gets no nvi device unless
# the module's parameter says so.
# patches: none
# claims: L10
# weight: 5
topology
must sysctl -qw net.ipv6.conf.all.forwarding=1
nvi nvi0
must ip link add t0 type ipip local $BOX remote 192.0.2.99 ttl 255
addresses box t0 10.8.0.1/24
must ip rule add pref 10 iif nvi0 lookup 60
must ip route add default dev t0 table 60
must ip route add 192.0.2.99 dev nvi0 src $BOX
rounds() { cat /sys/class/net/t0/statistics/tx_packets; }
ends() {
	was=$(rounds) nested=$(nvi_stat nvi0 drop_nested)
	refute "$1: a tunnel into itself carries nothing" pings box 1 10.8.0.2 -W 1
	at_most "$1: it ends after a few rounds" $(($(rounds) - was)) 6
	is "$1: which is counted" $(($(nvi_stat nvi0 drop_nested) - nested)) 1
}
ends plain
if echo 1 >/sys/class/net/nvi0/queues/rx-0/rps_cpus; then
	ends 'receive packet steering'
	echo 0 >/sys/class/net/nvi0/queues/rx-0/rps_cpus
fi 2>/dev/null
must tc qdisc add dev nvi0 root pfifo
ends 'a qdisc on nvi0'
must tc qdisc del dev nvi0 root
must tc qdisc add dev t0 root pfifo
ends 'a qdisc on the tunnel'
must ip link del t0

must ip -n peer -6 route add local 2001:db8:77::/64 dev lo
must ip -6 route add 2001:db8:77::/64 via $PEER6
must on peer ip6tables -A INPUT -p udp --dport 9 -m comment --comment got
must on peer ip6tables -A INPUT -p udp --dport 9 -j DROP
must ip -6 rule add pref 20 iif cl0 lookup 50
must ip -6 rule add pref 10 iif nvi0 lookup main
must ip -6 route add default dev nvi0 table 50
must pings client 1 $FAR6
cat >/run/many.py <<'EOF'
import socket
s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
for i in range(1500):
    s.sendto(b'x', ('2001:db8:77::%x' % (i + 1), 9))
EOF
got() { on peer ip6tables-save -c | grep 'comment got' | sed 's/^.\([0-9]*\):.*/\1/'; }
check '1500 destinations' on client python3 /run/many.py
all() { [ "$(got)" = 1500 ]; }
check 'all of them are reached' wait_for 10 all
few() { [ "$(ip -6 neigh show nud all dev nvi0 | wc -l)" -le 16 ]; }
check 'and a few neighbours stay on nvi0' wait_for 5 few

refute 'a user namespace gets no nvi device' unprivileged ip link add nvi1 type nvi
says 'and a reason' "$(unprivileged ip link add nvi1 type nvi 2>&1)" 'userns'
must sh -c 'echo 1 >/sys/module/nvi/parameters/userns'
check 'with the parameter userns it does' unprivileged ip link add nvi1 type nvi
must sh -c 'echo 0 >/sys/module/nvi/parameters/userns'
host other
check 'a network namespace of the box gets one at any time' ip -n other link add nvi1 type nvi
