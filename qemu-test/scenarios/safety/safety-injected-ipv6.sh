# SPDX-License-Identifier: GPL-2.0-only
# IPv6: a packet that a packet socket injects on lo has no route to drop: it gains
# nothing from the rule. Where forwarding is off it is dropped, where it is on it
# is forwarded, with the rule as without it: IPv6 validates no source.
# weight: 6
# spread: no
topology
must modprobe xt_UNHOLE
capture wire peer eth0
# inject SRC PORT: five UDP packets to FAR6 on lo.
inject() {
	must mausezahn -q lo -c 5 "$(frame6 000000000000 000000000000 "$1" $FAR6 "$2")"
}
for forwarding in 0 1; do
	must sysctl -qw net.ipv6.conf.all.forwarding=$forwarding
	port=40${forwarding}0
	for rule in without with; do
		port=$((port + 1))
		[ $rule = without ] || unhole6
		unholed=$(stat_unhole unholed) no_route=$(stat_unhole no_route) errors=$(mib Ip6InAddrErrors)
		inject $BOX6 $port
		inject 2001:db8:9::50 $port
		settled wire
		case $forwarding in
		0) is "forwarding off, $rule the rule: Ip6InAddrErrors counts them" $(($(mib Ip6InAddrErrors) - errors)) 10
		   is "forwarding off, $rule the rule: none reached the wire" "$(seen wire "udp dst port $port")" 0 ;;
		1) is "forwarding on, $rule the rule: all did" "$(seen wire "udp dst port $port")" 10 ;;
		esac
		[ $rule = without ] ||
			is 'the target saw them, and passed them over' $(($(stat_unhole no_route) - no_route)) 10
		is 'none was unholed' $(($(stat_unhole unholed) - unholed)) 0
	done
	must ip6tables -t raw -F
done
