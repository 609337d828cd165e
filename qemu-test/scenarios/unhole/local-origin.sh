# SPDX-License-Identifier: GPL-2.0-only
# The box's own traffic through loopback to another host, both ways. Patched: no
# sysctl is touched. Stock: with those that README names.
# claims: L3
# weight: 10
# spread: no
topology
hole_local
unhole
stock_sysctls
if [ $PATCHED = 1 ]; then
	is 'no sysctl is touched' "$(sysctl -n net.ipv4.ip_forward net.ipv4.conf.lo.forwarding \
		net.ipv4.conf.lo.accept_local net.ipv4.conf.all.accept_local \
		net.ipv4.conf.lo.rp_filter net.ipv4.conf.all.rp_filter | tr '\n' ' ')" '0 0 0 0 0 0 '
fi
capture wire peer eth0

check 'ICMP: every ping is answered' sh -c "ping -n -q -c 10 -i 0.05 -W 2 $FAR | grep -q ' 10 received'"
is 'each of them was unholed' "$(stat_unhole unholed)" 10
says 'lnstat shows it' "$(lnstat -f unhole -i 1 -c 1)" unholed genuine no_route not_lo ' 10|'
settled wire
is 'ICMP on the wire, TTL one lower' "$(show wire "icmp[0] == 8 and dst $FAR" | grep -c 'ttl 63')" 10

# What iproute2 asks is not about an unholed packet.
[ $PATCHED = 0 ] || says 'ip route get does not know of the exemption' "$(ip route get $FAR from $BOX iif lo 2>&1)" 'No route to host'

udp_echo peer $FAR 7
is 'UDP: the answer comes back' "$(udp_ask box $FAR 7 'through the hole')" 'through the hole'
settled wire
is 'UDP on the wire' "$(seen wire "udp and src $BOX and dst $FAR and dst port 7")" 1

# A short one, captured whole: tcpdump judges each checksum.
check 'TCP: 1 MiB out, byte for byte' tcp_copy box peer $FAR 5000 1
settled wire
show wire 'tcp dst port 5000' >/run/segments
is 'no bad checksum on the wire' "$(grep -c incorrect /run/segments)" 0
at_least 'segments judged' "$(grep -c 'cksum.*correct' /run/segments)" 700

stop wire
capture bulk peer eth0 96
rm /run/data
check "TCP: $BULK MiB out, byte for byte" tcp_copy box peer $FAR 5001 $BULK
check "TCP: $BULK MiB in, byte for byte" tcp_fetch box peer $FAR 5002 $BULK
settled bulk
bulk_fine 'TCP out' bulk 'tcp dst port 5001' 1500
bulk_fine 'TCP in' bulk 'tcp src port 5002' 1500
is 'the peer refused no checksum' "$(bad_checksums peer)" 0
is 'nor did the box' "$(bad_checksums box)" 0
at_least 'TCP went through the hole' "$(stat_unhole unholed)" 300
