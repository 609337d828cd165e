# SPDX-License-Identifier: GPL-2.0-only
# IPv6: SNAT at -o lo to an address of the box needs nothing else on any kernel,
# since IPv6 validates no source. The article's way (address out of table local)
# is not needed, and costs no answers to neighbour solicitations, which go by the
# interface's addresses: only the box's own use of the address.
# claims: L5
topology
OWN=2001:db8:2::9
must ip addr add $OWN/64 dev up0 nodad
hole_from6 cl0
unhole6
must ip6tables -t nat -A POSTROUTING -o lo -s $CLIENT6 -j SNAT --to-source $OWN
must sysctl -qw net.ipv6.conf.all.forwarding=1
capture wire peer eth0
request='icmp6 and ip6[40] == 128'
# Neighbour advertisements whose target is OWN.
answers="icmp6 and ip6[40] == 136 and ip6[48:4] == 0x20010db8 and ip6[52:4] == 0x00020000 and ip6[60:4] == 9"

check 'answered, and nothing else was needed' pings client 3 $FAR6
settled wire
is 'the source on the wire is the translated one' "$(seen wire "$request and src $OWN")" 3
is 'and no other' "$(seen wire "$request and not src $OWN")" 0
speaks 'TCP and UDP' client peer $FAR6
check 'the peer reaches the box by that address' pings peer 1 $OWN -W 1

# The article's way.
must conntrack -F
must ip -6 route del local $OWN dev up0 table local
must ip -6 route add $OWN dev up0
must ip -n peer neigh flush dev eth0
settled wire
known=$(seen wire "$answers")
check 'the address in main: answered' pings client 3 $FAR6
speaks 'the address in main' client peer $FAR6
settled wire
at_least 'the box still answers neighbour solicitations for it' $(($(seen wire "$answers") - known)) 1
refute 'but the peer does not reach the box by it' pings peer 1 $OWN -W 1
