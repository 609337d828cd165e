# SPDX-License-Identifier: GPL-2.0-only
# MASQUERADE on nvi0 works with conntrack kept and with "notrack on"; with the
# latter, nothing behind the second lookup is tracked. An address of nvi0 is the
# one that it takes.
# patches: none
# claims: L10
# weight: 6
topology
must sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
nvi nvi0
must ip addr add 203.0.113.50/32 dev nvi0
must ip addr add 2001:db8:50::1/128 dev nvi0
must ip -n peer route add 203.0.113.50 via $BOX
for f in -4 -6; do
	must ip $f rule add iif cl0 lookup 50
	must ip $f route add default dev nvi0 table 50
	must ip $f rule add iif nvi0 lookup main
done
for t in iptables ip6tables; do
	must $t -t nat -A POSTROUTING -o nvi0 -j MASQUERADE
	must $t -A FORWARD -o up0 -m conntrack --ctstate UNTRACKED -m comment --comment untracked
	must $t -A FORWARD -o up0 -m conntrack --ctstate NEW,ESTABLISHED -m comment --comment tracked
done
capture peer peer eth0
is 'conntrack is kept by default' "$(ethtool --show-priv-flags nvi0 | sed -n 's/^notrack.*: //p')" off
for mode in off on; do
	must ethtool --set-priv-flags nvi0 notrack $mode
	conntrack -F 2>/dev/null
	iptables -Z FORWARD; ip6tables -Z FORWARD
	speaks "notrack $mode" client peer $FAR
	speaks "notrack $mode, IPv6" client peer $FAR6
	for t in iptables ip6tables; do
		case $mode in
		on) seen_by=untracked not=tracked ;;
		off) seen_by=tracked not=untracked ;;
		esac
		at_least "notrack $mode: $t's second pass is $seen_by" "$(rule_packets "comment $seen_by" $t)" 20
		is "notrack $mode: and never $not" "$(rule_packets "comment $not" $t)" 0
	done
	is "notrack $mode: one entry for the TCP connection" "$(conntrack -L -p tcp 2>/dev/null | grep -c "dport=7 .*dst=203.0.113.50")" 1
done
settled peer
is 'every packet has the address of nvi0' "$(seen peer "icmp[0] == 8 and src 203.0.113.50") $(seen peer "icmp[0] == 8")" '6 6'
at_least 'in IPv6 as well' "$(seen peer 'icmp6[0] == 128 and src 2001:db8:50::1')" 6
is 'no client address leaks' "$(seen peer "src $CLIENT or src $CLIENT6")" 0
must ethtool --set-priv-flags nvi0 notrack off
refute 'a flag that does not exist is refused' ethtool --set-priv-flags nvi0 retrack on
