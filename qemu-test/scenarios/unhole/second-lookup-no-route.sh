# SPDX-License-Identifier: GPL-2.0-only
# A second lookup that finds no route, or a route that says no: the sender hears
# of it at once, with forwarding off as with forwarding on. (Without the patches it
# must be on.)
# leaks: yes
topology
hole_local
unhole
must ip route del $FAR
# The first lookup needs a route before OUTPUT's mark leads to loopback.
must ip rule add iif lo fwmark 0/0xffffffff lookup 60 pref 20
must ip route add $FAR via $PEER table 60
# ... which the second one must not find: it comes out of lo with mark 0x51.
must iptables -t mangle -A PREROUTING -i lo -j MARK --set-mark 0x51

# ip_error() sends five errors at once to a source, then one a second: a source
# of its own for each round.
rounds='0 1'
[ $PATCHED = 1 ] || rounds=1
stock_sysctls
for forward in $rounds; do
	src=192.0.2.1$forward
	must ip addr add $src/24 dev up0
	must sysctl -qw net.ipv4.ip_forward=$forward
	lo=$(rx lo) noroute=$(mib IpExtInNoRoutes)
	says "forwarding $forward: a connected UDP socket hears it" \
		"$(udp_ask box $FAR 9 hello bind=$src 2>&1)" 'Network is unreachable'
	says "forwarding $forward: ping hears it" "$(ping -n -c 1 -W 5 -I $src $FAR)" 'Net Unreachable'
	is "forwarding $forward: one pass each, and one ICMP error each" $(($(rx lo) - lo)) 4
	is "forwarding $forward: InNoRoutes counts them" $(($(mib IpExtInNoRoutes) - noroute)) 2
	must ip route add unreachable $FAR
	says "forwarding $forward: an unreachable route: host unreachable" \
		"$(udp_ask box $FAR 9 hello bind=$src 2>&1)" 'No route to host'
	must ip route del unreachable $FAR
	must ip route add prohibit $FAR
	says "forwarding $forward: a prohibiting route" "$(ping -n -c 1 -W 5 -I $src $FAR)" 'Packet filtered'
	must ip route del prohibit $FAR
done

# SNAT on the way to an address that nobody has: the error finds the sender.
[ $PATCHED = 1 ] || finish
must iptables -t nat -A POSTROUTING -o lo -d $FAR -j SNAT --to-source 203.0.113.99
says 'with SNAT on the way: ping hears it' "$(ping -n -c 1 -W 5 $FAR)" 'Net Unreachable'
