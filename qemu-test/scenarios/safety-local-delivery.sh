# SPDX-License-Identifier: GPL-2.0-only
# Outside traffic whose second lookup is local must not pass INPUT as -i lo.
# Patched: it is dropped and counted. Stock: the rule that README names.
# kernels: 6.1 6.12 stock
topology
must sysctl -qw net.ipv4.ip_forward=1
# As VRF set-ups do: "local" behind the rule that leads into the hole.
must ip route add default dev lo table 50
must ip rule add iif cl0 to $BOX lookup 50 pref 10
must ip rule add lookup local pref 20
must ip rule del pref 0
must iptables -P INPUT DROP
must iptables -A INPUT -i lo -j ACCEPT
must iptables -A INPUT -i up0 -j ACCEPT
unhole
socat -u UDP4-RECV:4000,bind=$BOX CREATE:/run/got &
wait_for 5 _listens box u 4000
deliver() { on client sh -c "echo x | socat -u - UDP4-SENDTO:$BOX:4000"; }

errors=$(mib IpInAddrErrors) unholed=$(stat_unhole unholed)
if [ $PATCHED = 0 ]; then
	. /unhole/recipes/stock-input.sh
fi
deliver
_unholed() { [ "$(stat_unhole unholed)" -ge "$1" ]; }
wait_for 5 _unholed $((unholed + 1))
is 'the packet went through the hole' $(($(stat_unhole unholed) - unholed)) 1
# Something behind it that does arrive, by another way, and by the same queue.
check 'the box still talks to itself' pings box 1 $BOX
is 'and did not reach the socket' "$(wc -c </run/got)" 0
if [ $PATCHED = 1 ]; then
	is 'InAddrErrors counts it' $(($(mib IpInAddrErrors) - errors)) 1
	is 'INPUT never saw it' "$(iptables -L INPUT -vnx | awk '/policy DROP/ { sub(/.*DROP /, ""); print $1 }')" 0
else
	is 'the rule of the recipe dropped it' "$(rule_packets 'addrtype ! --src-type LOCAL')" 1
fi
# What was made here may be delivered here.
check 'loopback works under that policy' sh -c "echo y | socat -u - UDP4-SENDTO:$BOX:4000"
check 'and arrives' wait_for 5 grep -q y /run/got
