# SPDX-License-Identifier: GPL-2.0-only
# IPv6: an old MASQUERADE rule on the uplink hides nobody any more: the
# connection's NAT is bound once, on the first pass, and the rule is never
# evaluated. SNAT belongs at -o lo.
topology
must sysctl -qw net.ipv6.conf.all.forwarding=1
must ip6tables -t nat -A POSTROUTING -o up0 -j MASQUERADE
capture wire peer eth0
request='icmp6 and ip6[40] == 128'
check 'before: answered' pings client 1 $FAR6
settled wire
is 'before: the source is hidden' "$(seen wire "$request and src $BOX6")" 1
must conntrack -F
hole_from6 cl0
unhole6
check 'through the hole: answered' pings client 1 $FAR6
settled wire
is 'the private source is on the wire' "$(seen wire "$request and src $CLIENT6")" 1
must conntrack -F
must ip6tables -t nat -I POSTROUTING -o lo -s $CLIENT6 -j SNAT --to-source $BOX6
check 'SNAT at -o lo instead: answered' pings client 1 $FAR6
settled wire
is 'and hidden' "$(seen wire "$request and src $CLIENT6")" 1
is 'by that rule' "$(seen wire "$request and src $BOX6")" 2
is 'which saw the one packet' "$(rule_packets "$BOX6" ip6tables)" 1
