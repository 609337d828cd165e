# SPDX-License-Identifier: GPL-2.0-only
# The examples of xt_UNHOLE(8), as they stand there: each does what it says, and none
# is left out.
# weight: 10
. /unhole/examples.sh
PAGE=xt_UNHOLE.8
topology
must ip addr add 192.0.2.9/24 dev up0
capture wire peer eth0
clean
stock() { [ $PATCHED = 1 ] || must sysctl -qw net.ipv4.conf.lo.accept_local=1 net.ipv4.ip_forward=1; }
REQUEST='icmp[0] == 8' REQUEST6='icmp6[0] == 128'

stock
example $PAGE unhole-clients
check 'unhole-clients: answered' pings client 2 $FAR
is 'unhole-clients: by the new source' "$(asked "$REQUEST" 192.0.2.9)" 2
must ip route del table 101 default
refute 'unhole-clients: by the second lookup, once table main leads nowhere' sh -c \
	"ip route del $FAR; in-ns client ping -n -c 1 -W 1 $FAR"
must ip route add $FAR via $PEER
# lnstat ends with 1, whatever it finds.
example $PAGE unhole-look 'lnstat *'
says 'unhole-look: counters' "$(cat /run/said)" unholed genuine 'UNHOLE     ' --set-xmark --allow-local
at_least 'unhole-look: of packets' "$(stat_unhole unholed)" 2
clean

# The line in SYNOPSIS and DESCRIPTION.
stock
hole_from cl0
must sysctl -qw net.ipv4.ip_forward=1
refute 'unhole-rule: not without it' pings client 1 $FAR -W 1
example $PAGE unhole-rule
check 'unhole-rule: answered' pings client 1 $FAR
is 'unhole-rule: on the wire' "$(asked "$REQUEST" $CLIENT)" 1
clean

stock
n=$(asked "$REQUEST" $BOX)
example $PAGE unhole-own
must sysctl -qw net.ipv4.conf.all.rp_filter=1 net.ipv4.conf.up0.rp_filter=1
check 'unhole-own: answered, with rp_filter=1' pings box 2 $FAR
is 'unhole-own: on the wire' $(($(asked "$REQUEST" $BOX) - n)) 2
is 'unhole-own: unholed' "$(rule_packets 'UNHOLE --set-xmark')" 2
must iptables -t raw -F
must conntrack -F 2>/dev/null
example $PAGE unhole-notrack
check 'unhole-notrack: answered' pings box 1 $FAR
is 'unhole-notrack: by that rule' "$(rule_packets 'UNHOLE --set-xmark')" 1
must sysctl -qw net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.up0.rp_filter=0
clean

stock
hole_from cl0
must sysctl -qw net.ipv4.ip_forward=1
unhole
must iptables -t nat -A POSTROUTING -o up0 -j MASQUERADE
check 'unhole-reset-ct: without it, answered' pings client 1 $FAR
is 'unhole-reset-ct: with a private source' "$(asked "$REQUEST" $CLIENT)" 2
clean
stock
hole_from cl0
must sysctl -qw net.ipv4.ip_forward=1
n=$(asked "$REQUEST" $BOX)
example $PAGE unhole-reset-ct
check 'unhole-reset-ct: answered' pings client 2 $FAR
is 'unhole-reset-ct: MASQUERADE at the uplink' $(($(asked "$REQUEST" $BOX) - n)) 2
is 'unhole-reset-ct: no private source' "$(asked "$REQUEST" $CLIENT)" 2
is 'unhole-reset-ct: an entry in the zone' "$(conntrack -L -p icmp 2>/dev/null | grep -c zone=2)" 1
clean

example $PAGE unhole-ipv6
check 'unhole-ipv6: answered' pings client 2 $FAR6
is 'unhole-ipv6: on the wire' "$(asked "$REQUEST6" $CLIENT6)" 2
is 'unhole-ipv6: unholed' "$(rule_packets UNHOLE ip6tables)" 2
clean

must sysctl -qw net.ipv4.ip_forward=0 net.ipv4.conf.lo.accept_local=0
example $PAGE unhole-stock
is 'unhole-stock: the sysctls' "$(sysctl -n net.ipv4.conf.lo.accept_local net.ipv4.conf.lo.forwarding net.ipv4.ip_forward | tr '\n' ' ')" '1 1 0 '
hole_local
unhole
check 'unhole-stock: own packets pass' pings box 2 $FAR
clean
# From outside, into the hole, and then for the box: INPUT never sees it, with no rule.
must sysctl -qw net.ipv4.ip_forward=1
must ip route add default dev lo table 50
must ip rule add iif cl0 lookup 50 pref 1
must ip rule add lookup local pref 10
must ip rule del pref 0
unhole
errors=$(mib IpInAddrErrors)
refute 'unhole-stock: a packet from outside does not reach the box by lo' pings client 1 $BOX -W 1
is 'unhole-stock: it is dropped and counted' $(($(mib IpInAddrErrors) - errors)) 1
must ip rule add lookup local pref 0
check 'unhole-stock: loopback itself works' pings box 1 127.0.0.1
examples_done $PAGE
