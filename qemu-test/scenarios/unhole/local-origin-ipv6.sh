# SPDX-License-Identifier: GPL-2.0-only
# IPv6: the box's own traffic through loopback to another host, both ways. Patched:
# forwarding is off and no sysctl is touched. Stock: with forwarding on.
# claims: L3
# weight: 15
topology
hole_local6
unhole6
capture wire peer eth0
if [ $PATCHED = 1 ]; then
	is 'no sysctl is touched' "$(sysctl -n net.ipv6.conf.all.forwarding net.ipv6.conf.lo.forwarding \
		net.ipv6.conf.up0.forwarding net.ipv4.ip_forward net.ipv4.conf.lo.accept_local | tr '\n' ' ')" '0 0 0 0 0 '
	before=0
else
	errors=$(mib Ip6InAddrErrors)
	refute 'stock, forwarding off: no answer' pings box 2 $FAR6
	is 'though unholed' "$(stat_unhole unholed)" 2
	is 'and Ip6InAddrErrors counts them' $(($(mib Ip6InAddrErrors) - errors)) 2
	settled wire
	is 'nothing on the wire' "$(seen wire "host $FAR6")" 0
	stock_sysctls
	before=2
fi

check 'ICMP: every ping is answered' sh -c "ping -n -q -c 10 -i 0.05 -W 2 $FAR6 | grep -q ' 10 received'"
is 'each of them was unholed' $(($(stat_unhole unholed) - before)) 10
settled wire
is 'ICMP on the wire, hop limit one lower' "$(show wire "icmp6 and ip6[40] == 128 and dst $FAR6" | grep -c 'hlim 63')" 10

udp_echo peer $FAR6 7
is 'UDP: the answer comes back' "$(udp_ask box $FAR6 7 'through the hole')" 'through the hole'
settled wire
is 'UDP on the wire' "$(seen wire "udp and src $BOX6 and dst $FAR6 and dst port 7")" 1

# A short one, captured whole: tcpdump judges each checksum.
check 'TCP: 1 MiB out, byte for byte' tcp_copy box peer $FAR6 5000 1
settled wire
show wire 'tcp dst port 5000' >/run/segments
is 'no bad checksum on the wire' "$(grep -c incorrect /run/segments)" 0
at_least 'segments judged' "$(grep -c 'cksum.*correct' /run/segments)" 700

stop wire
capture bulk peer eth0 96
rm /run/data
check 'TCP: 20 MiB out, byte for byte' tcp_copy box peer $FAR6 5001 20
check 'TCP: 20 MiB in, byte for byte' tcp_fetch box peer $FAR6 5002 20
settled bulk
bulk_fine 'TCP out' bulk 'tcp dst port 5001' 1500
bulk_fine 'TCP in' bulk 'tcp src port 5002' 1500
is 'the peer refused no checksum' "$(bad_checksums peer)" 0
is 'nor did the box' "$(bad_checksums box)" 0
at_least 'TCP went through the hole' "$(stat_unhole unholed)" 300
[ $PATCHED = 0 ] || is 'forwarding is still off' "$(sysctl -n net.ipv6.conf.all.forwarding)" 0
