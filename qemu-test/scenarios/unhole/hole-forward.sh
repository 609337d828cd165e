# SPDX-License-Identifier: GPL-2.0-only
# A packet from a NIC that is routed into loopback. Stock: it circles until its
# TTL is gone. Patched: one pass, and its sender hears that the network is
# unreachable; a MIB counter and the drop's reason show it.
# claims: L2
# leaks: yes
# spread: no
topology
hole_from cl0
must sysctl -qw net.ipv4.ip_forward=1
capture client client eth0
capture wire peer eth0

one_ping() { on client ping -n -c 1 -W 2 -t 64 "$@" $FAR; }

T=/sys/kernel/tracing
[ $PATCHED = 0 ] || {
	must test -e $T/events/skb/kfree_skb/enable
	echo 1 >$T/events/skb/kfree_skb/enable
}
lo=$(rx lo) noroute=$(mib IpExtInNoRoutes)
refute 'the ping has no answer' one_ping
passes=$(($(rx lo) - lo))
settled client
settled wire
is 'nothing left by the uplink' "$(seen wire "host $FAR")" 0

if [ $PATCHED = 0 ]; then
	at_least 'passes on lo' $passes 60
	is 'the sender hears that the TTL is gone' "$(seen client 'icmp[0] == 11')" 1
	finish
fi

echo 0 >$T/events/skb/kfree_skb/enable
is 'passes on lo' $passes 1
is 'the sender hears that the network is unreachable' \
	"$(seen client "icmp[0] == 3 and icmp[1] == 0 and dst $CLIENT")" 1
is 'InNoRoutes counts it' $(($(mib IpExtInNoRoutes) - noroute)) 1
check 'the drop names its reason' grep -q 'reason: IP_INNOROUTES' $T/trace

# The same from loopback's other side: SNAT to an address that nobody has.
must iptables -t nat -A POSTROUTING -o lo -s $CLIENT -j SNAT --to-source 203.0.113.99
refute 'the ping has no answer, with SNAT on the way' one_ping
settled client
is 'the error goes to the original source' \
	"$(seen client "icmp[0] == 3 and icmp[1] == 0 and dst $CLIENT")" 2
is 'and is about the packet that was sent' \
	"$(show client 'icmp[0] == 3' | grep -c "$CLIENT > $FAR: ICMP echo request")" 2
