# SPDX-License-Identifier: GPL-2.0-only
# External traffic through nvi0 with rp_filter 0, 1 and 2 on all: the second lookup
# validates no source. With 1, replies are dropped on the uplink if the reverse
# lookup finds nvi0, which a rule "iif cl0" makes it do; with a mark it does not. A
# spoofed packet is dropped on the NIC as ever.
# patches: none
# claims: L4 L10
topology
must sysctl -qw net.ipv4.ip_forward=1
nvi nvi0
must ip route add default dev nvi0 table 50
must ip rule add iif nvi0 lookup main
must iptables -t nat -A POSTROUTING -o nvi0 -j SNAT --to-source 203.0.113.99
must ip -n peer route add 203.0.113.99 via $BOX
capture peer peer eth0
must ip rule add iif cl0 lookup 50
for rp in 0 2; do
	must sysctl -qw net.ipv4.conf.all.rp_filter=$rp
	check "rp_filter $rp: answered" pings client 3 $FAR
done
must sysctl -qw net.ipv4.conf.all.rp_filter=1
dropped() { echo $(($(mib TcpExtIPReversePathFilter) - before)); }
before=$(mib TcpExtIPReversePathFilter)
refute 'rp_filter 1, rule by iif: no answer' pings client 3 $FAR -W 1
settled peer
is 'the packets have left' "$(seen peer "icmp[0] == 8 and src 203.0.113.99")" 9
is 'the replies are what is dropped' "$(dropped)" 3
must ip rule del iif cl0 lookup 50
must ip rule add iif cl0 fwmark 0x50 lookup 50
must iptables -t mangle -A PREROUTING -i cl0 -j MARK --set-mark 0x50
check 'rp_filter 1, rule by mark: answered' pings client 3 $FAR
speaks 'rp_filter 1' client peer $FAR
is 'nothing more is dropped' "$(dropped)" 3
must ip -n client addr add 192.0.2.77/32 dev eth0
refute 'a spoofed source is not answered' pings client 2 $FAR -I 192.0.2.77 -W 1
is 'its packets are dropped by the filter' "$(dropped)" 5
settled peer
is 'and none of them leaves' "$(seen peer 'icmp[0] == 8')" 15
