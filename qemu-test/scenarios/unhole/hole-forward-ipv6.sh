# SPDX-License-Identifier: GPL-2.0-only
# IPv6: a packet from a NIC that is routed into loopback by a nexthop object. Stock:
# it circles until its hop limit is gone. Patched: one pass, and its sender hears
# that there is no route; a MIB counter and the drop's reason show it.
# claims: L2
# leaks: yes
# spread: no
topology
hole_from6 cl0
must sysctl -qw net.ipv6.conf.all.forwarding=1
capture client client eth0
capture wire peer eth0

one_ping() { on client ping -n -c 1 -W 1 -t 64 "$@" $FAR6; }

T=/sys/kernel/tracing
[ $PATCHED = 0 ] || {
	must test -e $T/events/skb/kfree_skb/enable
	echo 1 >$T/events/skb/kfree_skb/enable
}
lo=$(rx lo) noroute=$(mib Ip6InNoRoutes)
refute 'the ping has no answer' one_ping
passes=$(($(rx lo) - lo))
settled client
settled wire
is 'nothing left by the uplink' "$(seen wire "host $FAR6")" 0

if [ $PATCHED = 0 ]; then
	at_least 'passes on lo' $passes 60
	is 'the sender hears that the hop limit is gone' "$(seen client 'icmp6 and ip6[40] == 3 and ip6[41] == 0')" 1
	finish
fi

echo 0 >$T/events/skb/kfree_skb/enable
is 'passes on lo' $passes 1
is 'the sender hears that there is no route' \
	"$(seen client "icmp6 and ip6[40] == 1 and ip6[41] == 0 and dst $CLIENT6")" 1
is 'Ip6InNoRoutes counts it' $(($(mib Ip6InNoRoutes) - noroute)) 1
check 'the drop names its reason' grep -q 'reason: IP_INNOROUTES' $T/trace

# With SNAT on the way to an address that nobody has.
must ip6tables -t nat -A POSTROUTING -o lo -s $CLIENT6 -j SNAT --to-source 2001:db8:9::99
refute 'the ping has no answer, with SNAT on the way' one_ping
settled client
is 'the error goes to the original source' \
	"$(seen client "icmp6 and ip6[40] == 1 and ip6[41] == 0 and dst $CLIENT6")" 2
# In the error: the source and the destination of the packet that it is about.
is 'and is about the packet that was sent' "$(seen client 'icmp6 and ip6[40] == 1
	and ip6[60:4] == 0x00010000 and ip6[68:4] == 2 and ip6[76:4] == 0x00030000 and ip6[84:4] == 7')" 2
