# SPDX-License-Identifier: GPL-2.0-only
# IPv6: a second lookup that finds no route, or a route that says no: the sender
# hears of it at once, with forwarding off as with forwarding on.
# not on: stock: the answer is the patches'
# leaks: yes
topology
hole_local6
unhole6
must ip -6 route del $FAR6
# The first lookup needs a route before OUTPUT's mark leads to loopback.
must ip -6 rule add iif lo fwmark 0/0xffffffff lookup 60 pref 20
must ip -6 route add $FAR6 via $PEER6 table 60
# ... which the second one must not find: it comes out of lo with mark 0x1.
must ip6tables -t mangle -A PREROUTING -i lo -j MARK --set-mark 0x1

for forward in 0 1; do
	must sysctl -qw net.ipv6.conf.all.forwarding=$forward
	lo=$(rx lo) noroute=$(mib Ip6InNoRoutes)
	says "forwarding $forward: a UDP socket hears it" \
		"$(udp_ask box $FAR6 9 hello 2>&1)" 'Network is unreachable'
	says "forwarding $forward: ping hears it" "$(ping -n -c 1 -W 5 $FAR6)" 'No route'
	is "forwarding $forward: one pass each, and one ICMP error each" $(($(rx lo) - lo)) 4
	is "forwarding $forward: Ip6InNoRoutes counts them" $(($(mib Ip6InNoRoutes) - noroute)) 2
	must ip -6 route add unreachable $FAR6
	says "forwarding $forward: an unreachable route: the same error, no route" \
		"$(udp_ask box $FAR6 9 hello 2>&1)" 'Network is unreachable'
	must ip -6 route del unreachable $FAR6
	must ip -6 route add prohibit $FAR6
	says "forwarding $forward: a prohibiting route" "$(ping -n -c 1 -W 5 $FAR6)" 'Administratively prohibited'
	must ip -6 route del prohibit $FAR6
done

# With SNAT on the way the error is sent to the translated source, and OUTPUT's
# NAT sends it on to the sender: if only the box has a route to that source.
hole_from6 cl0
hears() { # WHAT: the box and a client do
	says "SNAT to $1: the box's ping hears it" "$(ping -n -c 1 -W 5 $FAR6)" 'No route'
	says "SNAT to $1: a client's ping hears it" "$(on client ping -n -c 1 -W 5 $FAR6)" 'No route'
	must conntrack -F
}
must ip6tables -t nat -A POSTROUTING -o lo -d $FAR6 -j SNAT --to-source $BOX6
hears 'an address of the box'
must ip6tables -t nat -F
must ip6tables -t nat -A POSTROUTING -o lo -d $FAR6 -j SNAT --to-source 2001:db8:9::99
noroute=$(mib Ip6InNoRoutes) lo=$(rx lo)
refute 'SNAT to an address that the box has no route to: nothing is heard' ping -n -c 1 -W 1 $FAR6
is 'though Ip6InNoRoutes counts it' $(($(mib Ip6InNoRoutes) - noroute)) 1
is 'and no error was made: one pass' $(($(rx lo) - lo)) 1
must conntrack -F
must ip -6 route add 2001:db8:9::/64 via $PEER6
hears 'an address that the box has a route to'
