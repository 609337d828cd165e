# SPDX-License-Identifier: GPL-2.0-only
# A second lookup that finds no route, or one that refuses: the sender hears at once
# what ip_error() would have told it, also where SNAT has changed its address.
# patches: none
# claims: L10
topology
must sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
nvi nvi0
for f in -4 -6; do
	must ip $f rule add iif cl0 lookup 50
	must ip $f rule add fwmark 0x50 lookup 50
	must ip $f route add default dev nvi0 table 50
done
must iptables -t nat -A POSTROUTING -o nvi0 -j SNAT --to-source 203.0.113.99
must ip6tables -t nat -A POSTROUTING -o nvi0 -j SNAT --to-source 2001:db8:50::1
must iptables -t mangle -A OUTPUT -d $FAR -j MARK --set-mark 0x50
must ip6tables -t mangle -A OUTPUT -d $FAR6 -j MARK --set-mark 0x50
capture client client eth0
capture peer peer eth0
n=0
for what in unreachable:0:0 prohibit:13:1 blackhole:-:-; do
	kind=${what%%:*} code=${what#*:}
	must ip rule add pref 100 iif nvi0 $kind
	must ip -6 rule add pref 100 iif nvi0 $kind
	conntrack -F 2>/dev/null
	out=$(pings client 1 $FAR -W 1; pings box 1 $FAR -W 1; pings client 1 $FAR6 -W 1; pings box 1 $FAR6 -W 1)
	n=$((n + 4))
	settled client
	if [ $kind = blackhole ]; then
		is 'blackhole: nobody hears' "$(echo "$out" | grep -c '+1 errors')" 0
	else
		is "$kind: all hear of it" "$(echo "$out" | grep -c '+1 errors')" 4
		is "$kind: with the kernel's own code" "$(seen client "icmp[0] == 3 and icmp[1] == ${code%:*} and dst $CLIENT")" 1
		is "$kind: in IPv6, too" "$(seen client "icmp6[0] == 1 and icmp6[1] == ${code#*:} and dst $CLIENT6")" 1
	fi
	is "$kind: counted" "$(nvi_stat nvi0 drop_no_route)" $n
	must ip rule del pref 100
	must ip -6 rule del pref 100
done
settled peer
is 'nothing has left' "$(seen peer 'icmp[0] == 8 or icmp6[0] == 128')" 0
