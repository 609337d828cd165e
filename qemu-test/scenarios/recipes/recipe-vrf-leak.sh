# SPDX-License-Identifier: GPL-2.0-only
# "Should a route to lo trigger another lookup?" (FRR issue 15909). A route that
# is leaked from the default VRF by way of lo: on a stock kernel it loops until
# the TTL is gone; on a patched one the sender hears "network unreachable" after
# one pass; with the rule, another lookup is what it triggers, on all of them.
# claims: L2 L4
# weight: 7
topology
must ip link add red type vrf table 10
must ip link set red up
must ip link set cl0 master red
capture client client eth0
capture wire peer eth0

# As the daemon writes it.
must sysctl -qw net.ipv4.ip_forward=1
must ip route add 203.0.113.0/24 dev lo vrf red
must ip route add 198.51.100.0/24 dev red
lo=$(rx lo) noroute=$(mib IpExtInNoRoutes)
refute 'without the rule: no answer' pings client 1 $FAR -W 1 -t 64
passes=$(($(rx lo) - lo))
settled client
settled wire
is 'without the rule: nothing leaves' "$(seen wire icmp)" 0
if [ $PATCHED = 1 ]; then
	is 'passes on lo' $passes 1
	is 'the sender hears that the network is unreachable' "$(seen client 'icmp[0] == 3 and icmp[1] == 0')" 1
	is 'InNoRoutes counts it' $(($(mib IpExtInNoRoutes) - noroute)) 1
else
	at_least 'stock: passes on lo' $passes 60
	is 'stock: the sender hears that the TTL is gone' "$(seen client 'icmp[0] == 11')" 1
fi

recipe vrf-leak
speaks 'with the rule' client peer $FAR
settled wire
is 'with the rule: by the default VRF' "$(seen wire "icmp[0] == 8 and src $CLIENT and dst $FAR")" 3
is 'one pass each, TTL 2 lower' "$(show wire 'icmp[0] == 8' | grep -c 'ttl 62')" 3
check 'the other direction' pings peer 3 $CLIENT

# Undone, the daemon's route is what it was.
must sh /unhole/recipes/vrf-leak.sh undo
says "undone: the daemon's routes" "$(ip route show table 10) $(ip route)" '203.0.113.0/24 dev lo' '198.51.100.0/24 dev red'
recipe vrf-leak

# The box itself, in the VRF.
stock_sysctls
unholed=$(passed_again)
check "the box's own, bound to the VRF: answered" pings box 3 $FAR -I red
is 'through the hole' $(($(passed_again) - unholed)) 3
# The leaked prefix is unknown to the default VRF: unlike before, it is an error.
must ip route del $FAR
must conntrack -F
refute 'no route in the default VRF: no answer' pings client 1 $FAR -W 1
settled client
is 'and the sender hears of it' "$(seen client 'icmp[0] == 3 and icmp[1] == 0')" $((1 + PATCHED))
