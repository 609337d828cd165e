# SPDX-License-Identifier: GPL-2.0-only
# SNAT at -o lo to an address of the box. Patched: nothing else. The article's
# way (address out of table local) costs the answers to ARP, and arping's
# announcement brings the next hop back, to neighbours that ask or are asked.
# claims: L3 L5
# weight: 10
topology
capture wire peer eth0
capture client client eth0
ask='arp[6:2] == 1 and arp[24:4] == 0xc0000209'
answer='arp[6:2] == 2 and arp[14:4] == 0xc0000209'

recipe snat-own
if [ $PATCHED = 0 ] && [ "$VIA" = lo ]; then
	refute 'stock: a martian source on the second pass' pings client 1 $FAR
	settled wire
	is 'stock: nothing on the wire' "$(seen wire "icmp[0] == 8")" 0
	must sysctl -qw net.ipv4.conf.lo.accept_local=1
fi
speaks "the box's address" client peer $FAR
settled wire
settled client
is 'the source on the wire is the translated one' "$(seen wire "icmp[0] == 8 and src 192.0.2.9 and dst $FAR")" 3
is 'and no other' "$(seen wire "net 198.51.100.0/24")" 0
is 'the replies are translated back' "$(seen client "icmp[0] == 0 and src $FAR and dst $CLIENT")" 3
is 'the box itself asked for the next hop in the name of the address' \
	"$(seen wire "arp[6:2] == 1 and arp[14:4] == 0xc0000209 and arp[24:4] == 0xc0000202")" 1
must ip -n peer neigh flush dev eth0
check 'asked for it, it answers' pings client 1 $FAR
settled wire
is 'with its own reply' "$(seen wire "$answer")" 1
unrecipe() {
	must ip addr del 192.0.2.9/24 dev up0
	must ip rule del iif cl0
	must ip route flush table 50
	must iptables -t nat -F
	must iptables -t raw -F
	must conntrack -F
	must ip -n peer neigh flush dev eth0
}

[ "$VIA" = lo ] || finish

# The article's way: no accept_local, on any kernel.
must sysctl -qw net.ipv4.conf.lo.accept_local=0
unrecipe
recipe snat-own-article
settled wire
asked=$(seen wire "$ask") answered=$(seen wire "$answer")
refute 'without an answer to ARP no reply comes back' pings client 1 $FAR -W 1
settled wire
at_least 'the next hop asks who has the address' $(($(seen wire "$ask") - asked)) 1
is 'and nobody answers' $(($(seen wire "$answer") - answered)) 0

# An announcement (gratuitous ARP) makes no new entry; it mends one that is
# being resolved, as this one is.
recipe arp-announce DEV=up0 ADDRESS=192.0.2.9
check 'announced: the next hop knows the address' \
	wait_for 5 sh -c "ip -n peer neigh show 192.0.2.9 | grep -q lladdr"
settled wire
at_least 'the announcement is on the wire' "$(seen wire "$ask and arp[14:4] == 0xc0000209")" 1
speaks 'announced' client peer $FAR

# A neighbour that is not asking learns nothing from an announcement, and
# everything from a question.
must ip -n peer link set eth0 arp off
must ip -n peer link set eth0 arp on
recipe arp-announce DEV=up0 ADDRESS=192.0.2.9
settled wire
is 'not asking: an announcement teaches it nothing' "$(ip -n peer neigh show 192.0.2.9)" ''
is 'what it has set' "$(sysctl -n net.ipv4.ip_nonlocal_bind)" 1
check 'is undone' env DEV=up0 ADDRESS=192.0.2.9 sh /unhole/recipes/arp-announce.sh undo
is '... and as before' "$(sysctl -n net.ipv4.ip_nonlocal_bind)" 0
recipe arp-announce DEV=up0 ADDRESS=192.0.2.9 NEXTHOP=$PEER
check 'asked: it has learnt the address' sh -c "ip -n peer neigh show 192.0.2.9 | grep -q lladdr"
check 'asked: answered' pings client 3 $FAR
