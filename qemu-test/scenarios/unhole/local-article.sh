# SPDX-License-Identifier: GPL-2.0-only
# The article's own way, without accept_local: the source address is taken out
# of table local and put into main as a unicast route, so that the reverse
# lookup does not call it a martian. The packet then leaves by the real NIC; but
# the box does not answer ARP for that address any more, nor take its packets.
# claims: L3
# leaks: yes
topology
must ip addr add 192.0.2.9/24 dev up0
hole_local
unhole
must sysctl -qw net.ipv4.ip_forward=1
capture wire peer eth0
send() { echo article | socat -u - "UDP4-SENDTO:$FAR:4000,bind=192.0.2.9:4000,ip-freebind"; }

if [ $PATCHED = 0 ]; then
	check 'sent, with the address in table local' send
	settled wire
	is 'it is a martian: nothing on the wire' "$(seen wire "src 192.0.2.9 and dst $FAR")" 0
	before=0
else
	before=$(seen wire "src 192.0.2.9 and dst $FAR")
fi
must ip route del local 192.0.2.9 dev up0 table local
must ip route add 192.0.2.9 dev up0
check 'sent, with the address in main' send
settled wire
is 'it leaves by the real NIC' $(($(seen wire "src 192.0.2.9 and dst $FAR") - before)) 1
must ip -n peer neigh flush dev eth0
refute 'the box does not answer ARP for the address' \
	on peer arping -q -c 2 -w 2 -I eth0 192.0.2.9
