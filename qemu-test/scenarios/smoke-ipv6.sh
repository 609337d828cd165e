# SPDX-License-Identifier: GPL-2.0-only
# IPv6 in one go: the hole, the rule, local and external origin, the guard. A
# route into lo needs a nexthop object; both front ends.
# kernels: 6.1 6.12 stock
# weight: 8
topology
check 'IPv6 forwarding is off' test "$(sysctl -n net.ipv6.conf.all.forwarding)" = 0
# A mark leads the box's own packets into the hole, as in IPv4.
must ip -6 nexthop add id 1 dev lo
must ip -6 route add default nhid 1 table 50
must ip -6 rule add fwmark 0x50 lookup 50
must ip6tables -t mangle -A OUTPUT -d $FAR6 -j MARK --set-mark 0x50
must ip6tables -t mangle -A PREROUTING -i lo -j MARK --set-mark 0
stock_sysctls
capture wire peer eth0

for ipt in ip6tables-legacy ip6tables-nft; do
	must $ipt -t raw -A PREROUTING -i lo -j UNHOLE
	before=$(stat_unhole unholed)
	check "$ipt: local origin: answered" pings box 3 $FAR6
	is "$ipt: through the hole" $(($(stat_unhole unholed) - before)) 3
	must $ipt -t raw -F
done
settled wire
is 'on the wire, hop limit one lower' "$(show wire "icmp6 and ip6[40] == 128 and dst $FAR6" | grep -c 'hlim 63')" 6

must ip6tables -t raw -A PREROUTING -i lo -j UNHOLE
must sysctl -qw net.ipv6.conf.all.forwarding=1
must ip -6 rule add iif cl0 lookup 50
before=$(stat_unhole unholed)
check 'external origin: answered' pings client 3 $FAR6
is 'through the hole' $(($(stat_unhole unholed) - before)) 3
must ip6tables -t raw -F
capture client client eth0
lo=$(rx lo) noroute=$(mib Ip6InNoRoutes)
refute 'without the rule: no answer' pings client 1 $FAR6
passes=$(($(rx lo) - lo))
settled client
if [ $PATCHED = 1 ]; then
	is 'one pass' $passes 1
	is 'the sender hears that there is no route' "$(seen client 'icmp6 and ip6[40] == 1 and ip6[41] == 0')" 1
	is 'Ip6InNoRoutes counts it' $(($(mib Ip6InNoRoutes) - noroute)) 1
	must ip6tables -t raw -A PREROUTING -i lo -j UNHOLE
	# What is unholed and then local is dropped: IPv6 cannot tell its origin.
	must ip -6 rule add lookup local pref 20
	must ip -6 rule add iif cl0 to $BOX6 lookup 50 pref 10
	must ip -6 rule del pref 0
	errors=$(mib Ip6InAddrErrors)
	refute 'outside traffic is not delivered as loopback traffic' pings client 1 $BOX6
	at_least 'Ip6InAddrErrors counts it' $(($(mib Ip6InAddrErrors) - errors)) 1
else
	at_least 'stock: passes on lo' $passes 60
	is 'stock: the sender hears that the hop limit is gone' "$(seen client 'icmp6 and ip6[40] == 3')" 1
fi
