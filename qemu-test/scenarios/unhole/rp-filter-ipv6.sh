# SPDX-License-Identifier: GPL-2.0-only
# IPv6 has no rp_filter, but ip6tables' rpfilter match: on the uplink, with the
# recipe (a mark leads into the hole) the replies arrive. With the route into the
# hole in main they do not, for the reverse lookup finds lo.
topology
unhole6
stock_sysctls
must ip6tables -t raw -A PREROUTING -i up0 -d $BOX6 -p icmpv6 --icmpv6-type echo-reply -m rpfilter --invert -j DROP
capture wire peer eth0
must ip -6 rule add iif lo fwmark 0x1 lookup 70 pref 5
must ip -6 route add default via $PEER6 table 70
must ip -6 nexthop add id 50 dev lo
must ip -6 route del $FAR6
must ip -6 route add $FAR6 nhid 50
must ip6tables -t mangle -A PREROUTING -i lo -j MARK --set-mark 0x1
refute 'the route in main: no reply is heard' pings box 2 $FAR6 -W 1
settled wire
is 'though they were sent' "$(seen wire "icmp6[icmp6type] == 129 and src $FAR6")" 2
is 'rpfilter dropped them' "$(rule_packets rpfilter ip6tables)" 2

must ip -6 route del $FAR6
must ip -6 route add $FAR6 via $PEER6
must ip6tables -t mangle -F
hole_local6
check 'the recipe: replies arrive' pings box 3 $FAR6
is 'through the hole' "$(stat_unhole unholed)" 5
is 'and rpfilter dropped nothing more' "$(rule_packets rpfilter ip6tables)" 2
