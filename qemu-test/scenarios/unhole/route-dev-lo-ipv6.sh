# SPDX-License-Identifier: GPL-2.0-only
# "ip -6 route add X dev lo" makes a reject route, though it is printed as an
# ordinary one: packets to X get an error and never enter loopback, so there is
# nothing to unhole. A route by a nexthop object leads into the hole.
topology
unhole6
must sysctl -qw net.ipv6.conf.all.forwarding=1
must ip -6 route replace $FAR6 dev lo
is 'it is printed as an ordinary route' "$(ip -6 route show $FAR6)" "$FAR6 dev lo metric 1024 pref medium"
is 'and so is what a lookup finds' "$(ip -6 route get $FAR6 | sed 's, from ::,,')" "$FAR6 dev lo src $BOX6 metric 1024 pref medium"
capture lo box lo
out=$(mib Ip6OutNoRoutes) in=$(mib Ip6InNoRoutes)
says 'a local UDP socket hears that it has no route' "$(udp_ask box $FAR6 9 x 2>&1)" 'Network is unreachable'
says 'so does ping' "$(ping -n -c 1 -W 1 $FAR6)" 'No route'
is 'Ip6OutNoRoutes counts them' $(($(mib Ip6OutNoRoutes) - out)) 2
says 'a client hears it too' "$(on client ping -n -c 1 -W 1 $FAR6)" 'No route'
is 'Ip6InNoRoutes counts it' $(($(mib Ip6InNoRoutes) - in)) 1
# Loopback works packet by packet: this one comes behind the others.
check 'the capture on lo has settled' pings box 1 ::1
wait_for 5 sh -c 'tcpdump -Z root -n -r /run/capture.lo/pcap "icmp6[icmp6type] == 129" 2>/dev/null | grep -q .'
is 'loopback has seen their errors' "$(seen lo 'icmp6[icmp6type] == 1')" 2
is 'and never the packets' "$(seen lo "dst $FAR6")" 0
is 'nothing was unholed' "$(stat_unhole unholed)" 0

must ip -6 route del $FAR6 dev lo
must ip -6 nexthop add id 1 dev lo
must ip -6 route add $FAR6 nhid 1
refute 'a route by a nexthop object' pings box 1 $FAR6 -W 1
at_least 'leads into the hole: unholed' "$(stat_unhole unholed)" 1
