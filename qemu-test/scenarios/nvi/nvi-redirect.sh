# SPDX-License-Identifier: GPL-2.0-only
# A packet that leaves by the interface that it came in by is no reason for an ICMP
# redirect: its sender cannot go there directly. And the source is looked at all the
# same: a link-local one is not forwarded, neither a sender's nor one that SNAT made.
# patches: none
# claims: L10
host client peer
# One cable for both: a bridge in a namespace of its own.
host switch
wire box eth0 198.51.100.1/24,2001:db8:1::1/64 switch p1 -
wire client eth0 198.51.100.2/24,2001:db8:1::2/64 switch p2 -
wire peer eth0 198.51.100.7/24,2001:db8:1::7/64 switch p3 -
must ip -n switch link add br0 type bridge
must ip -n switch link set br0 up
for p in p1 p2 p3; do must ip -n switch link set $p master br0; done
must sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
must ip -n client route add 203.0.113.7 via 198.51.100.1
must ip -n client -6 route add 2001:db8:3::7 via 2001:db8:1::1
must ip -n peer addr add 203.0.113.7/32 dev lo
must ip -n peer addr add 2001:db8:3::7/128 dev lo nodad
must ip route add 203.0.113.7 via 198.51.100.7
# Redirects name link-local addresses only.
must ip -n peer addr add fe80::7/64 dev eth0 nodad
must ip -6 route add 2001:db8:3::7 via fe80::7 dev eth0
capture client client eth0
# Without nvi, the box says so.
check 'plain routing' pings client 2 203.0.113.7
check 'plain routing, IPv6' pings client 2 2001:db8:3::7
settled client
at_least 'plain routing: there are redirects' "$(seen client 'icmp[0] == 5')" 1
at_least 'plain routing, IPv6: there are redirects' "$(seen client 'icmp6[0] == 137')" 1
must ip -n client route flush cache
must ip -n client -6 route flush cache
was="$(seen client 'icmp[0] == 5') $(seen client 'icmp6[0] == 137')"
nvi nvi0
for f in -4 -6; do
	must ip $f rule add iif eth0 lookup 50
	must ip $f rule add iif nvi0 lookup main
done
must ip route add 203.0.113.7 dev nvi0 table 50
must ip -6 route add 2001:db8:3::7 dev nvi0 table 50
# The sender that would be told is the client, then what SNAT makes of it.
check 'through nvi0, without NAT' pings client 2 203.0.113.7
check 'through nvi0, without NAT, IPv6' pings client 2 2001:db8:3::7
settled client
is 'no redirect more' "$(seen client 'icmp[0] == 5') $(seen client 'icmp6[0] == 137')" "$was"
conntrack -F 2>/dev/null
must iptables -t nat -A POSTROUTING -o nvi0 -j SNAT --to-source 198.51.100.1
must ip6tables -t nat -A POSTROUTING -o nvi0 -j SNAT --to-source 2001:db8:1::1
check 'through nvi0' pings client 2 203.0.113.7
check 'through nvi0, IPv6' pings client 2 2001:db8:3::7
settled client
is 'no redirect more' "$(seen client 'icmp[0] == 5') $(seen client 'icmp6[0] == 137')" "$was"
capture peer peer eth0
ll=fe80::$(ip -n client -o link show eth0 | cut -d: -f1):99
must ip -n client addr add $ll/64 dev eth0 nodad
# The first pass refuses such a sender ...
refute "a link-local sender is not answered" on client ping -n -c 1 -W 0.4 -I $ll 2001:db8:3::7
# ... but has not seen what SNAT makes of another one.
dropped=$(nvi_stat nvi0 drop_martian)
must ip6tables -t nat -I POSTROUTING -o nvi0 -j SNAT --to-source fe80::99
must conntrack -F
refute 'nor one whom SNAT has made so' pings client 1 2001:db8:3::7 -W 0.4
is 'that one nvi0 has dropped' $(($(nvi_stat nvi0 drop_martian) - dropped)) 1
settled peer
is 'no link-local source leaves' "$(seen peer "(src $ll or src fe80::99) and icmp6[0] == 128")" 0
