# SPDX-License-Identifier: GPL-2.0-only
# IPv6: a client's traffic through loopback to a host beyond the box: dropping the
# route is all that it takes, on any kernel.
# claims: L4
# weight: 5
topology
hole_from6 cl0
must sysctl -qw net.ipv6.conf.all.forwarding=1
capture wire peer eth0
refute 'without the rule: no answer' pings client 1 $FAR6 -W 1
unhole6

check 'ICMP: every ping is answered' on client sh -c "ping -n -q -c 10 -i 0.05 -W 2 $FAR6 | grep -q ' 10 received'"
is 'each of them was unholed' "$(stat_unhole unholed)" 10
settled wire
is 'ICMP on the wire, hop limit two lower: two lookups' \
	"$(show wire "icmp6 and ip6[40] == 128 and src $CLIENT6" | grep -c 'hlim 62')" 10
is 'and no other' "$(seen wire "icmp6 and ip6[40] == 128 and src $CLIENT6")" 10
udp_echo peer $FAR6 7
is 'UDP: the answer comes back' "$(udp_ask client $FAR6 7 'through the hole')" 'through the hole'
check 'TCP: 2 MiB out, byte for byte' tcp_copy client peer $FAR6 5001 2
check 'TCP: 2 MiB in, byte for byte' tcp_fetch client peer $FAR6 5002 2
settled wire
is 'no segment over 1500 bytes on the wire' "$(seen wire "$(longer 1500)")" 0
at_least 'segments seen' "$(seen wire "tcp and $(longer 1000)")" 2900
is 'the peer refused no checksum' "$(bad_checksums peer)" 0
