# SPDX-License-Identifier: GPL-2.0-only
# nvi with nftables alone: SNAT and the mark by nft, no iptables anywhere, for clients
# and for the box, in both families. What nft shows of its rules, it can load again.
# (For UNHOLE see nft-beside.)
# patches: none
# claims: L10
topology
must sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
nvi nvi0
for f in -4 -6; do
	must ip $f route add default dev nvi0 table 50
	must ip $f rule add iif cl0 lookup 50
	must ip $f rule add fwmark 0x50 lookup 50
	must ip $f rule add iif nvi0 lookup main
done
NAT=192.0.2.9 NAT6=2001:db8:2::9
addresses box up0 $NAT/24,$NAT6/64
cat >/run/rules.nft <<EOT
flush ruleset
table inet own {
	chain source {
		type nat hook postrouting priority srcnat;
		oifname "nvi0" ip saddr $CLIENT snat ip to $NAT
		oifname "nvi0" ip6 saddr $CLIENT6 snat ip6 to $NAT6
	}
	chain out {
		type route hook output priority mangle;
		ip daddr $FAR meta mark set 0x50
		ip6 daddr $FAR6 meta mark set 0x50
	}
}
EOT
capture wire peer eth0
for turn in written shown; do
	must nft -f /run/rules.nft
	must conntrack -F 2>/dev/null
	for ns in client box; do
		check "as $turn: $ns: answered" pings $ns 3 $FAR -I "$([ $ns = box ] && echo $BOX || echo $CLIENT)"
		check "as $turn: $ns: in IPv6" pings $ns 3 $FAR6 -I "$([ $ns = box ] && echo $BOX6 || echo $CLIENT6)"
	done
	{ echo 'flush ruleset'; nft list ruleset; } >/run/shown.nft
	mv /run/shown.nft /run/rules.nft
done
settled wire
is 'clients have the translated source' \
	"$(seen wire "icmp[0] == 8 and src $NAT and ip[8] == 62") $(seen wire "icmp6 and ip6[40] == 128 and src $NAT6 and ip6[7] == 62")" '6 6'
is 'the box its own' \
	"$(seen wire "icmp[0] == 8 and src $BOX and ip[8] == 63") $(seen wire "icmp6 and ip6[40] == 128 and src $BOX6 and ip6[7] == 63")" '6 6'
is 'all by the device' "$(nvi_stat nvi0 direct)" 24
must nft flush ruleset
must conntrack -F 2>/dev/null
check 'without rules the box takes the true route' pings box 1 $FAR
is 'and not the device' "$(nvi_stat nvi0 direct)" 24
