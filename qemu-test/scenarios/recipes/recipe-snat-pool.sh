# SPDX-License-Identifier: GPL-2.0-only
# SNAT at -o lo to an unrelated network. The next hop has no route to it:
# replies are lost there. With a static route, and with one that BIRD announces
# from the box by BGP, they come. A packet for the pool that is no reply ends in
# the box.
# claims: L6 L7
# weight: 16
topology
# The box is not the peer's default: it knows the box's subnet, and no more.
must ip -n peer route del default
must on peer sysctl -qw net.ipv4.ip_forward=1 net.ipv4.conf.eth0.accept_local=1
capture wire peer eth0
capture client client eth0
pool='net 203.0.113.128/28'

# A stock kernel needs no sysctl either: the address is not local, so no martian.
recipe snat-pool
refute 'the next hop has no route: no answer' pings client 1 $FAR -W 1
settled wire
is 'though it was asked, by an address of the pool' "$(seen wire "icmp[0] == 8 and src $pool")" 1
is 'it cannot reply' "$(seen wire "dst $pool")" 0

must on peer sh /unhole/recipes/snat-pool-nexthop.sh
speaks 'static route' client peer $FAR
settled wire
settled client
is 'static route: replies to the pool' "$(seen wire "icmp[0] == 0 and dst $pool")" 3
is 'static route: translated back' "$(seen client "icmp[0] == 0 and src $FAR and dst $CLIENT")" 3
is 'no client is seen on the wire' "$(seen wire 'net 198.51.100.0/24')" 0

# The box's default leads back to the next hop. Without the blackhole the two
# would play ping-pong.
must ip route add default via $PEER
settled wire
before=$(seen wire 'dst 203.0.113.129')
refute 'what is no reply: no answer' pings peer 1 203.0.113.129 -W 1
settled wire
is 'and crosses the wire once' $(($(seen wire 'dst 203.0.113.129') - before)) 1
must ip route del blackhole 203.0.113.128/28
before=$(seen wire 'dst 203.0.113.129')
refute 'without the blackhole: no answer' pings peer 1 203.0.113.129 -W 1
settled wire
at_least 'and it circles' $(($(seen wire 'dst 203.0.113.129') - before)) 20
must ip route add blackhole 203.0.113.128/28
must ip route del default via $PEER

must ip -n peer route del 203.0.113.128/28
must conntrack -F
check 'the static route is gone' test -z "$(ip -n peer route show 203.0.113.128/28)"
must on peer env RUN=/run/bird-peer sh /unhole/recipes/snat-pool-bird-nexthop.sh
recipe snat-pool-bird RUN=/run/bird-box
# BIRD sleeps for up to 3 s before it sends what is new; a question wakes it.
learnt() { birdc -s /run/bird-box/bird.ctl show status >/dev/null; ip -n peer route show 203.0.113.128/28 | grep -q .; }
check 'BIRD: the next hop learns the route' wait_for 15 learnt
says 'BIRD: it is a route of BIRD, to the box' "$(ip -n peer route show 203.0.113.128/28)" 'via 192.0.2.1' 'proto bird'
says 'BIRD: learnt by BGP' "$(birdc -s /run/bird-peer/bird.ctl show route 203.0.113.128/28)" '[box ' '[AS65001i]'
speaks 'BIRD' client peer $FAR
settled wire
is 'BIRD: replies to the pool' "$(seen wire "icmp[0] == 0 and dst $pool")" 6
recipe snat-pool-bird RUN=/run/bird-box
check 'BIRD, again: it is learnt' wait_for 15 learnt
must birdc -s /run/bird-box/bird.ctl disable pool
unlearnt() { ! learnt; }
check 'withdrawn by the box: the next hop forgets it' wait_for 10 unlearnt
refute 'and replies are lost again' pings client 1 $FAR -W 1
must sh /unhole/recipes/snat-pool-bird.sh undo
check 'undone: BIRD has ended' wait_for 10 sh -c '! birdc -s /run/bird-box/bird.ctl show status'
check 'the one of the next hop has not' birdc -s /run/bird-peer/bird.ctl show status
must on peer sh /unhole/recipes/snat-pool-bird-nexthop.sh undo
