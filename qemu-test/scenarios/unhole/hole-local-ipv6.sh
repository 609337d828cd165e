# SPDX-License-Identifier: GPL-2.0-only
# IPv6: a locally made packet that is routed into loopback never reaches the other
# host. Unlike IPv4's it is not delivered on the box but forwarded: dropped where
# forwarding is off; where it is on, it circles, or is stopped on its first pass
# (patched), and its sender hears that there is no route.
# claims: L1
# spread: no
topology
hole_local6
capture wire peer eth0
socat -u UDP6-RECV:4000 CREATE:/run/got &
wait_for 5 _listens box u 4000
lo=$(rx lo) errors=$(mib Ip6InAddrErrors)
check 'a datagram for the other host is sent' sh -c "echo lost | socat -u - UDP6-SENDTO:[$FAR6]:4000"
refute 'a ping for the other host has no answer' pings box 3 $FAR6
is 'one pass each' $(($(rx lo) - lo)) 4
is 'Ip6InAddrErrors counts them: forwarding is off' $(($(mib Ip6InAddrErrors) - errors)) 4

must sysctl -qw net.ipv6.conf.all.forwarding=1
lo=$(rx lo) noroute=$(mib Ip6InNoRoutes)
heard=$(ping -n -c 1 -W 2 -t 64 $FAR6)
if [ $PATCHED = 1 ]; then
	is 'forwarding on: one pass, and the ICMP error' $(($(rx lo) - lo)) 2
	says 'the sender hears that there is no route' "$heard" 'No route'
	is 'Ip6InNoRoutes counts it' $(($(mib Ip6InNoRoutes) - noroute)) 1
else
	at_least 'forwarding on: passes on lo' $(($(rx lo) - lo)) 60
	says 'the sender hears that the hop limit is gone' "$heard" 'Hop limit'
fi
settled wire
is 'nothing for the other host on the wire' "$(seen wire "host $FAR6")" 0
is 'nothing of it was delivered on the box' "$(wc -c </run/got)" 0
# That server does listen.
check 'a datagram for the box is delivered' sh -c "echo mine | socat -u - UDP6-SENDTO:[$BOX6]:4000"
check 'and arrives' wait_for 5 grep -q mine /run/got
