# SPDX-License-Identifier: GPL-2.0-only
# SNAT at -o lo into the next hop's own subnet: the next hop asks for the address
# by ARP. Nobody answers, and replies are lost; with the article's arptables rule
# the box has asked first, in the name of the address; with proxy ARP it answers.
# not on: rt: a real-time kernel has no legacy arptables, whose words these are
# claims: L6 L8
# weight: 18
topology
capture wire peer eth0
capture client client eth0
# Who asks for whom, and who says who has it, in the ARP on the wire.
who_has() { seen wire "arp[6:2] == 1 and arp[24:4] == $1 and arp[14:4] == $2"; }
is_at() { seen wire "arp[6:2] == 2 and arp[14:4] == $1"; }
NAT=0xc000024d ME=0xc0000201 NEXT=0xc0000202 SELF=0xcb007107
forget() {
	must ip -n peer link set eth0 arp off
	must ip -n peer link set eth0 arp on
	must ip neigh flush dev up0
	must conntrack -F
}
next_hop_has() { ip -n peer neigh show "$1" | grep -q lladdr; }

recipe snat-nexthop-subnet ARP=none
refute 'nothing done: no answer' pings client 1 $FAR -W 2
settled wire
is 'nothing done: the ping was there, with the address' "$(seen wire 'icmp[0] == 8 and src 192.0.2.77')" 1
at_least 'nothing done: the next hop asks who has the address' "$(who_has $NAT $SELF)" 1
is 'nothing done: nobody answers' "$(is_at $NAT)" 0

undo() {
	must sh /unhole/recipes/snat-nexthop-subnet.sh undo
	is 'undone' "$(ip neigh show proxy)$(ip route show 192.0.2.77)$(ip rule | grep -c cl0)" 0
	arptables-legacy -F
	forget
	settled wire
	asked=$(who_has $NAT $SELF) taught=$(who_has $NEXT $NAT) answered=$(is_at $NAT)
}

# The article's rule, word for word.
undo
must arptables -t mangle -A OUTPUT -d $PEER -j mangle --mangle-ip-s 192.0.2.77
recipe snat-nexthop-subnet ARP=none
check "the article's rule: answered" pings client 3 $FAR
settled wire
is "the article's rule: the box asks for the next hop, in the address's name" $(($(who_has $NEXT $NAT) - taught)) 1
is "the article's rule: the next hop need not ask" $(($(who_has $NAT $SELF) - asked)) 0
# It takes the box's own name from it: its answers are falsified too.
refute "the article's rule: the next hop cannot reach the box itself" pings peer 1 $BOX -W 1
settled wire
at_least "the article's rule: asked for the box, it says that the address is there" $(($(is_at $NAT) - answered)) 1
is "the article's rule: and never where the box is" "$(is_at $ME)" 0

undo
recipe snat-nexthop-subnet ARP=mangle
speaks 'arptables' client peer $FAR
check 'arptables: the next hop reaches the box itself' pings peer 1 $BOX
settled wire
settled client
is 'arptables: the box asks for the next hop, in the name of the address' $(($(who_has $NEXT $NAT) - taught)) 1
at_least 'arptables: it answers for itself' "$(is_at $ME)" 1
is 'arptables: and for nobody else' $(($(is_at $NAT) - answered)) 0
is 'arptables: translated back' "$(seen client "icmp[0] == 0 and src $FAR and dst $CLIENT")" 6
# Nothing answers for the address: what is forgotten is learnt no more.
must ip -n peer neigh flush dev eth0
refute 'arptables: the next hop forgets: replies are lost' pings client 1 $FAR -W 1
must ip neigh flush dev up0
check 'until the box asks again' pings client 2 $FAR

# arptables-nft, the same rule.
undo
must arptables-nft -A OUTPUT -o up0 -d $PEER --opcode Request -j mangle --mangle-ip-s 192.0.2.77
refute 'arptables-nft knows no table mangle' arptables-nft -t mangle -L
recipe snat-nexthop-subnet ARP=none
check 'arptables-nft: answered' pings client 3 $FAR
settled wire
is 'arptables-nft: the box asks in the name of the address' $(($(who_has $NEXT $NAT) - taught)) 1
must arptables-nft -F

undo
recipe snat-nexthop-subnet ARP=proxy
speaks 'proxy ARP' client peer $FAR
settled wire
is 'proxy ARP: the next hop asks who has the address' $(($(who_has $NAT $SELF) - asked)) 1
is 'proxy ARP: and the box says: I' $(($(is_at $NAT) - answered)) 1
is 'proxy ARP: the box asks in nobody else'\''s name' $(($(who_has $NEXT $NAT) - taught)) 0
# What is for the address and is no reply has fallen into the hole.
lo=$(rx lo)
refute 'proxy ARP: nobody is at the address itself' pings peer 1 192.0.2.77 -W 1
passes=$(($(rx lo) - lo))
if [ "$VIA" != lo ]; then
	is 'proxy ARP: routed to the device, and dropped there' "$(nvi_stat "$VIA" drop_loop)" 1
elif [ $PATCHED = 1 ]; then
	is 'proxy ARP: passes on lo' $passes 1
else
	at_least 'proxy ARP: stock: passes on lo' $passes 60
fi
# Without a route out of another device there is no proxy.
must ip route replace blackhole 192.0.2.77
forget
refute 'proxy ARP, with a blackhole: no answer' pings client 1 $FAR -W 1
settled wire
is 'proxy ARP, with a blackhole: nobody answers' $(($(is_at $NAT) - answered)) 1
