# SPDX-License-Identifier: GPL-2.0-only
# IPv6: a second lookup that leads back into loopback: one pass, and the sender
# hears of it at once.
# not on: stock: the guard is the patches'
topology
must ip -6 nexthop add id 1 dev lo
must ip -6 route replace $FAR6 nhid 1
unhole6

lo=$(rx lo) noroute=$(mib Ip6InNoRoutes)
start=$(date +%s)
says 'a UDP socket hears it' "$(udp_ask box $FAR6 9 hello 2>&1)" 'Network is unreachable'
says 'ping hears it' "$(ping -n -c 1 -W 5 $FAR6)" 'No route'
at_most 'at once (seconds for both)' $(($(date +%s) - start)) 2
is 'one pass each, and one ICMP error each' $(($(rx lo) - lo)) 4
is 'Ip6InNoRoutes counts them' $(($(mib Ip6InNoRoutes) - noroute)) 2
is 'they were unholed' "$(stat_unhole unholed)" 2
says 'TCP connect() hears it' "$(socat -u - "TCP6:[$FAR6]:9,connect-timeout=$((15 * ${SLOW:-1}))" </dev/null 2>&1)" 'Network is unreachable'
at_most 'within the first repetition of the SYN (seconds for all)' $(($(date +%s) - start)) 5

# A client's packet.
hole_from6 cl0
must ip -6 rule add iif lo to $FAR6 lookup 50
must sysctl -qw net.ipv6.conf.all.forwarding=1
lo=$(rx lo)
says 'a client hears it too' "$(on client ping -n -c 1 -W 5 $FAR6)" 'No route'
is 'after one pass' $(($(rx lo) - lo)) 1
