# SPDX-License-Identifier: GPL-2.0-only
# SNAT at -o lo to an address of the box. Patched: nothing else. The article's
# way (address out of table local) costs the answers to ARP, and arping's
# announcement brings the next hop back.
# claims: L5
# kernels: 6.1 6.12 stock
topology
must ip addr add 192.0.2.9/24 dev up0
hole_from cl0
unhole
must iptables -t nat -A POSTROUTING -o lo -s $CLIENT -j SNAT --to-source 192.0.2.9
must sysctl -qw net.ipv4.ip_forward=1
capture wire peer eth0

if [ $PATCHED = 1 ]; then
	check 'patched: answered, and nothing else was needed' pings client 3 $FAR
	settled wire
	is 'the source on the wire is the translated one' "$(seen wire "icmp[0] == 8 and src 192.0.2.9")" 3
else
	refute 'stock: a martian source on the second pass' pings client 1 $FAR
	settled wire
	is 'nothing on the wire' "$(seen wire "icmp[0] == 8")" 0
	must sysctl -qw net.ipv4.conf.lo.accept_local=1
	check 'stock, accept_local on lo: answered' pings client 3 $FAR
	must sysctl -qw net.ipv4.conf.lo.accept_local=0
fi

# The article's way.
must conntrack -F
must ip route del local 192.0.2.9 dev up0 table local
must ip route add 192.0.2.9 dev up0
must ip -n peer neigh flush dev eth0
settled wire
asked=$(seen wire 'arp[6:2] == 1 and arp[24:4] == 0xc0000209')
refute 'without an answer to ARP no reply comes back' pings client 2 $FAR
settled wire
at_least 'the next hop asks who has the address' \
	$(($(seen wire 'arp[6:2] == 1 and arp[24:4] == 0xc0000209') - asked)) 1
is 'and nobody answers' "$(seen wire 'arp[6:2] == 2 and arp[14:4] == 0xc0000209')" 0
# An announcement (gratuitous ARP) makes no new entry, it mends one that is
# being resolved: so the next hop must have asked, as it just did.
# arping binds to the address that it announces, which is not local any more.
must sysctl -qw net.ipv4.ip_nonlocal_bind=1
must arping -q -U -c 2 -w 2 -I up0 -s 192.0.2.9 192.0.2.9
check 'the next hop knows the address again' wait_for 5 sh -c "ip -n peer neigh show 192.0.2.9 | grep -q lladdr"
check 'after the announcement: answered' pings client 3 $FAR
