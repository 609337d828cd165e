# SPDX-License-Identifier: GPL-2.0-only
# A client's traffic through loopback to a host beyond the box: dropping the
# route is all that it takes, on any kernel.
# claims: L4
# leaks: yes
# weight: 5
topology
hole_from cl0
unhole
must sysctl -qw net.ipv4.ip_forward=1
capture wire peer eth0

check 'ICMP: every ping is answered' on client sh -c "ping -n -q -c 10 -i 0.05 -W 2 $FAR | grep -q ' 10 received'"
is 'each of them was unholed' "$(stat_unhole unholed)" 10
settled wire
is 'ICMP on the wire, TTL two lower: two lookups' "$(show wire "icmp[0] == 8 and src $CLIENT" | grep -c 'ttl 62')" 10
udp_echo peer $FAR 7
is 'UDP: the answer comes back' "$(udp_ask client $FAR 7 'through the hole')" 'through the hole'
check 'TCP: 2 MiB out, byte for byte' tcp_copy client peer $FAR 5001 2
check 'TCP: 2 MiB in, byte for byte' tcp_fetch client peer $FAR 5002 2
settled wire
is 'no segment over 1500 bytes on the wire' "$(seen wire 'ip[2:2] > 1500')" 0
is 'the peer refused no checksum' "$(bad_checksums peer)" 0
