# SPDX-License-Identifier: GPL-2.0-only
# IPv6: outside traffic whose second lookup is local must not pass INPUT as -i lo.
# Patched: it is dropped and counted, unless the rule says --allow-local; and so is
# the box's own, since IPv6 cannot tell. Stock: the rule that README names.
# kernels: 6.1 6.12 stock
topology
must sysctl -qw net.ipv6.conf.all.forwarding=1
# As VRF set-ups do: "local" behind the rule that leads into the hole.
must ip -6 nexthop add id 50 dev lo
must ip -6 route add default nhid 50 table 50
must ip -6 rule add iif cl0 to $BOX6 lookup 50 pref 10
must ip -6 rule add lookup local pref 20
must ip -6 rule del pref 0
must ip6tables -P INPUT DROP
must ip6tables -A INPUT -i lo -j ACCEPT
must ip6tables -A INPUT ! -i lo -p icmpv6 -j ACCEPT
unhole6
socat -u "UDP6-RECV:4000,bind=[$BOX6]" CREATE:/run/got &
wait_for 5 _listens box u 4000
# deliver NS TEXT: a datagram to the box, which goes through the hole.
deliver() {
	_u=$(($(stat_unhole unholed) + 1))
	on "$1" sh -c "echo $2 | socat -u - UDP6-SENDTO:[$BOX6]:4000"
	wait_for 5 _unholed $_u || not_ok "$2 did not go through the hole"
	# Something behind it that does arrive, by the same queue.
	must pings box 1 ::1 >/dev/null
}
_unholed() { [ "$(stat_unhole unholed)" -ge "$1" ]; }
policy() { ip6tables -L INPUT -vnx | awk '/policy DROP/ { sub(/.*DROP /, ""); print $1 }'; }

errors=$(mib Ip6InAddrErrors)
if [ $PATCHED = 1 ]; then
	deliver client one
	is 'patched: it did not reach the socket' "$(wc -c </run/got)" 0
	is 'Ip6InAddrErrors counts it' $(($(mib Ip6InAddrErrors) - errors)) 1
	is 'INPUT never saw it' "$(rule_packets '-A INPUT -i lo -j ACCEPT' ip6tables) $(policy)" '2 0'
	# The box's own: by a mark, into the hole.
	must ip -6 rule add fwmark 0x50 to $BOX6 lookup 50 pref 11
	must ip6tables -t mangle -A OUTPUT -p udp -d $BOX6 --dport 4000 -j MARK --set-mark 0x50
	must ip6tables -t mangle -A PREROUTING -i lo -j MARK --set-mark 0
	deliver box two
	is 'nor did what was made here' "$(wc -c </run/got)" 0
	is 'Ip6InAddrErrors counts that too' $(($(mib Ip6InAddrErrors) - errors)) 2
	must ip6tables -t raw -F
	unhole6 --allow-local
	deliver client three
	check '--allow-local: the outside one arrives' wait_for 5 grep -q three /run/got
	deliver box four
	check '--allow-local: so does what was made here' wait_for 5 grep -q four /run/got
	is 'and Ip6InAddrErrors counts no more' $(($(mib Ip6InAddrErrors) - errors)) 2
else
	deliver client one
	check 'stock: it reaches the socket, past the policy' wait_for 5 grep -q one /run/got
	recipe stock-input
	deliver client two
	refute 'stock, with the recipe: it does not' grep -q two /run/got
	is 'the rule of the recipe dropped it' "$(rule_packets 'addrtype ! --src-type LOCAL' ip6tables)" 1
fi
# What was made here may be delivered here.
check 'loopback works under that policy' pings box 1 $BOX6
