# SPDX-License-Identifier: GPL-2.0-only
# Strict reverse path filtering on the uplink: with the recipe (a mark leads
# into the hole) the replies arrive. With the route into the hole in main they
# do not, for the reverse lookup finds lo.
topology
unhole
stock_sysctls
must sysctl -qw net.ipv4.conf.up0.rp_filter=1
capture wire peer eth0
# ARP is validated like anything else: let the peer know the box before.
check 'the neighbours know each other' pings box 1 $PEER

must ip rule add iif lo fwmark 0x1 lookup 70 pref 5
must ip route add default via $PEER table 70
must ip route replace $FAR dev lo
must iptables -t mangle -A PREROUTING -i lo -j MARK --set-mark 0x1
filtered=$(mib TcpExtIPReversePathFilter)
refute 'the route in main: no reply is heard' pings box 2 $FAR
settled wire
is 'though they were sent' "$(seen wire "icmp[0] == 0 and src $FAR")" 2
is 'rp_filter dropped them' $(($(mib TcpExtIPReversePathFilter) - filtered)) 2

must ip route replace $FAR via $PEER
must iptables -t mangle -F
hole_local
check 'the recipe: replies arrive' pings box 3 $FAR
is 'through the hole' "$(stat_unhole unholed)" 5
is 'and rp_filter dropped nothing more' $(($(mib TcpExtIPReversePathFilter) - filtered)) 2
# On a patched kernel, also where lo itself is under the strict regime.
[ $PATCHED = 0 ] || {
	must sysctl -qw net.ipv4.conf.all.rp_filter=1
	check 'rp_filter 1 on all devices' pings box 3 $FAR
}
# And for a client: a reply's reverse lookup has the client's device as its input
# device, so the rule of the recipe must not be one for that alone.
must sysctl -qw net.ipv4.ip_forward=1
hole_from cl0
filtered=$(mib TcpExtIPReversePathFilter) through=$(stat_unhole unholed)
check 'a client, by the recipe: replies arrive' pings client 3 $FAR
speaks 'a client' client peer $FAR
at_least 'through the hole' $(($(stat_unhole unholed) - through)) 3
is 'and none is dropped' $(($(mib TcpExtIPReversePathFilter) - filtered)) 0
must iptables -t mangle -D PREROUTING -i cl0 -j MARK --set-xmark 0x10/0x10
must ip rule add iif cl0 lookup 50
refute 'a rule by device alone: no reply is heard' pings client 2 $FAR -W 1
is 'rp_filter dropped them' $(($(mib TcpExtIPReversePathFilter) - filtered)) 2
