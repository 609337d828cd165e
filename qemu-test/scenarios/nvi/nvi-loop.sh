# SPDX-License-Identifier: GPL-2.0-only
# A second lookup that leads back: to nvi0, to another nvi device, to lo. The packet
# is dropped after one pass and counted, the sender hears of it at once, also where
# SNAT has changed its address; so do senders on the box.
# patches: none
# claims: L10
# spread: no
topology
must sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
nvi nvi0
nvi nvi1
for f in -4 -6; do
	must ip $f rule add iif cl0 lookup 50
	must ip $f rule add fwmark 0x50 lookup 50
	must ip $f route add default dev nvi0 table 50
done
must ip -6 nexthop add id 1 dev lo
must iptables -t mangle -A OUTPUT -d $FAR -j MARK --set-mark 0x50
must ip6tables -t mangle -A OUTPUT -d $FAR6 -j MARK --set-mark 0x50
# Requests that lo has carried, if any: the errors for senders on the box go there, too.
must iptables -t raw -A PREROUTING -i lo -p icmp --icmp-type 8 -m comment --comment on-lo
must ip6tables -t raw -A PREROUTING -i lo -p icmpv6 --icmpv6-type 128 -m comment --comment on-lo
unreach='icmp[0] == 3 and icmp[1] == 0'
unreach6='icmp6[0] == 1 and icmp6[1] == 0'
capture client client eth0
loops() { # WHERE ROUTE ROUTE6
	must ip route add default $2 table 60
	must ip rule add iif nvi0 lookup 60
	must ip -6 route add default $3 table 60
	must ip -6 rule add iif nvi0 lookup 60
	was=$(nvi_stat nvi0 drop_loop)
	sent=$(cat /sys/class/net/nvi0/statistics/tx_packets)
	out=$(pings client 1 $FAR)
	says "$1: the client hears of it" "$out" '+1 errors'
	out=$(pings box 1 $FAR)
	says "$1: so does the box" "$out" '+1 errors'
	out=$(pings client 1 $FAR6)
	says "$1: so does the client in IPv6" "$out" '+1 errors'
	out=$(pings box 1 $FAR6)
	says "$1: and the box" "$out" '+1 errors'
	is "$1: dropped, and counted" $(($(nvi_stat nvi0 drop_loop) - was)) 4
	is "$1: after one pass" $(($(cat /sys/class/net/nvi0/statistics/tx_packets) - sent)) 4
	must ip route del default table 60
	must ip -6 route del default table 60
	must ip rule del iif nvi0 lookup 60
	must ip -6 rule del iif nvi0 lookup 60
}
loops nvi0 'dev nvi0' 'dev nvi0'
loops nvi1 'dev nvi1' 'dev nvi1'
loops lo 'dev lo' 'nhid 1'
is 'lo carried none of them' "$(rule_packets on-lo) $(rule_packets on-lo ip6tables)" '0 0'
is 'nor did nvi1' "$(ethtool -S nvi1 | awk '$1 == "direct:" || $1 ~ /^rx_/ { n += $2 } END { print n + 0 }') $(nvi_stat nvi1 drop_loop)" '0 0'
must iptables -t nat -A POSTROUTING -o nvi0 -j SNAT --to-source 203.0.113.99
must ip6tables -t nat -A POSTROUTING -o nvi0 -j SNAT --to-source 2001:db8:50::1
conntrack -F 2>/dev/null
loops 'nvi0, with SNAT' 'dev nvi0' 'dev nvi0'
# What neighbour discovery says is dropped at any time, and counted in both.
columns() {
	dropped=$(ip -s link show nvi0 | awk 'tx { print $4; exit } $1 == "TX:" { tx = $5 == "dropped" }')
	[ "$dropped" = "$(ethtool -S nvi0 | awk '$1 ~ /^drop_/ { n += $2 } END { print n }')" ]
}
check '"ip -s link" counts what was dropped, as ethtool does' wait_for 5 columns
columns
at_least 'which is all of these' "${dropped:-0}" 16
settled client
is 'the error is of an unreachable network' "$(seen client "$unreach and dst $CLIENT") $(seen client "$unreach6 and dst $CLIENT6")" '4 4'
