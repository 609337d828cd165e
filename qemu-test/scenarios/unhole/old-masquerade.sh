# SPDX-License-Identifier: GPL-2.0-only
# An old MASQUERADE rule on the uplink hides nobody any more: the connection's
# NAT is bound once, on the first pass, and the rule is never evaluated. SNAT
# belongs at -o lo.
topology
must sysctl -qw net.ipv4.ip_forward=1
stock_sysctls
must iptables -t nat -A POSTROUTING -o up0 -j MASQUERADE
capture wire peer eth0
check 'before: answered' pings client 1 $FAR
settled wire
is 'before: the source is hidden' "$(seen wire "icmp[0] == 8 and src $BOX")" 1
must conntrack -F
hole_from cl0
unhole
pings client 1 $FAR
settled wire
is 'through the hole, the private source is on the wire' "$(seen wire "icmp[0] == 8 and src $CLIENT")" 1
is 'the rule saw one packet, the one before' "$(rule_packets MASQUERADE)" 1
must conntrack -F
must iptables -t nat -A POSTROUTING -o lo -s $CLIENT -j SNAT --to-source $BOX
check 'SNAT at -o lo instead: answered' pings client 1 $FAR
settled wire
is 'and hidden' "$(seen wire "icmp[0] == 8 and src $CLIENT")" 1
is 'by that rule' "$(seen wire "icmp[0] == 8 and src $BOX")" 2
