# SPDX-License-Identifier: GPL-2.0-only
# recipe-vrf-leak in IPv6: a route that is leaked from the default VRF by way of
# lo. As "dev lo" it is a reject route; as a nexthop object it loops on a stock
# kernel, is answered with an ICMP error on a patched one, and is looked up again
# with the rule.
# claims: L2 L4
# weight: 6
topology
must sysctl -qw net.ipv6.conf.all.forwarding=1
must ip link add red type vrf table 10
must ip link set red up
must ip link set cl0 master red
# Enslaving took the address.
must ip addr replace $BOXCL6/64 dev cl0 nodad
capture client client eth0
capture wire peer eth0
must ip -6 route add 2001:db8:1::/64 dev red
noway='icmp6 and ip6[40] == 1 and ip6[41] == 0' expired='icmp6 and ip6[40] == 3'

must ip -6 route add 2001:db8:3::/64 dev lo vrf red
lo=$(rx lo)
refute 'dev lo: no answer' pings client 1 $FAR6 -W 1
is 'dev lo: not one pass' $(($(rx lo) - lo)) 0
must ip -6 route del 2001:db8:3::/64 vrf red

must ip -6 nexthop add id 50 dev lo
must ip -6 route add 2001:db8:3::/64 nhid 50 vrf red
settled client
heard=$(seen client "$noway") lo=$(rx lo) noroute=$(mib Ip6InNoRoutes)
refute 'without the rule: no answer' pings client 1 $FAR6 -W 1
passes=$(($(rx lo) - lo))
settled client
if [ $PATCHED = 1 ]; then
	is 'passes on lo' $passes 1
	is 'the sender hears that there is no route' $(($(seen client "$noway") - heard)) 1
	is 'Ip6InNoRoutes counts it' $(($(mib Ip6InNoRoutes) - noroute)) 1
else
	at_least 'stock: passes on lo' $passes 60
	is 'stock: the sender hears that the hop limit is gone' "$(seen client "$expired")" 1
fi
settled wire
is 'nothing left' "$(seen wire "dst $FAR6")" 0

recipe vrf-leak6
speaks 'with the rule' client peer $FAR6
settled wire
is 'with the rule: by the default VRF, hop limit 2 lower' \
	"$(show wire "icmp6 and ip6[40] == 128 and src $CLIENT6 and dst $FAR6" | grep -c 'hlim 62')" 3
check 'the other direction' pings peer 3 $CLIENT6
must sh /unhole/recipes/vrf-leak6.sh undo
says "undone: the daemon's routes" "$(ip -6 route show table 10) $(ip -6 route)" '2001:db8:3::/64 nhid 50' '2001:db8:1::/64 dev red'
