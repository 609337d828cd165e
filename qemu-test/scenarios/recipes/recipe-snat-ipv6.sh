# SPDX-License-Identifier: GPL-2.0-only
# SNAT at -o lo in IPv6. To an unrelated prefix: lost without a route at the next
# hop, answered with a static one and with one that BIRD announces. Into the next
# hop's subnet: lost until the box answers neighbour solicitations by proxy.
# claims: L6 L7 L8
# weight: 10
topology
must ip -n peer -6 route del default
capture wire peer eth0
capture client client eth0
pool='net 2001:db8:ff::/64'
echoed='icmp6 and ip6[40] == 128' replied='icmp6 and ip6[40] == 129'

recipe snat-pool6
refute 'the next hop has no route: no answer' pings client 1 $FAR6 -W 1
settled wire
is 'though it was asked, by an address of the pool' "$(seen wire "$echoed and src $pool")" 1
is 'it cannot reply' "$(seen wire "dst $pool")" 0

must on peer sh /unhole/recipes/snat-pool6-nexthop.sh
speaks 'static route' client peer $FAR6
settled wire
settled client
is 'static route: replies to the pool' "$(seen wire "$replied and dst $pool")" 3
is 'static route: translated back' "$(seen client "$replied and src $FAR6 and dst $CLIENT6")" 3
is 'no client is seen on the wire' "$(seen wire 'net 2001:db8:1::/64')" 0

must ip -n peer -6 route del 2001:db8:ff::/64
must on peer env RUN=/run/bird-peer sh /unhole/recipes/snat-pool-bird-nexthop.sh
recipe snat-pool-bird RUN=/run/bird-box
# BIRD sleeps for up to 3 s before it sends what is new; a question wakes it.
learnt() { birdc -s /run/bird-box/bird.ctl show status >/dev/null; ip -n peer -6 route show 2001:db8:ff::/64 | grep -q .; }
check 'BIRD: the next hop learns the route' wait_for 15 learnt
says 'BIRD: it is a route of BIRD, to the box' "$(ip -n peer -6 route show 2001:db8:ff::/64)" "via $BOX6" 'proto bird'
check 'BIRD: answered' pings client 3 $FAR6

# Into the next hop's subnet.
NAT=2001:db8:2::77
[ $FRONT = iptables ] || must nft flush chain ip6 unhole-snat-pool postrouting
must ip6tables -t nat -F
must ip6tables -t nat -A POSTROUTING -o $VIA -s 2001:db8:1::/64 -j SNAT --to-source $NAT
must conntrack -F -f ipv6
# Neighbour solicitations and advertisements with that target.
target='ip6[48:4] == 0x20010db8 and ip6[52:4] == 0x00020000 and ip6[56:4] == 0 and ip6[60:4] == 0x77'
asks="icmp6 and ip6[40] == 135 and $target" answers="icmp6 and ip6[40] == 136 and $target"
refute 'the next hop cannot find the address: no answer' pings client 1 $FAR6 -W 1
settled wire
at_least 'it asks' "$(seen wire "$asks")" 1
is 'and nobody answers' "$(seen wire "$answers")" 0
# What waits for that answer would be sent by the next one, and counted below.
gave_up() { ! ip -n peer -6 neigh show "$NAT" | grep -q INCOMPLETE; }
check 'it gives up' wait_for 10 gave_up
recipe ndp-proxy SNAT_ADDRESS=$NAT
must ip -n peer -6 neigh flush dev eth0
asked=$(seen wire "$asks")
speaks 'proxy' client peer $FAR6
settled wire
at_least 'it asks' $(($(seen wire "$asks") - asked)) 1
at_least 'and the box answers' "$(seen wire "$answers")" 1
is 'replies to the address' "$(seen wire "$replied and dst $NAT")" 3
