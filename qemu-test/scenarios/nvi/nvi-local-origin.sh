# SPDX-License-Identifier: GPL-2.0-only
# The box's own packets through nvi0, in both families: with no sysctl touched, and
# with rp_filter 0, 1 and 2 on all. FORWARD sees nvi0 as their input interface. The
# driver writes no sysctl.
# claims: L3 L10
# weight: 8
# spread: no
sysctls() { sysctl -a 2>/dev/null | grep -E '^net\.ipv[46]\.' | grep -vF -e .nvi0. -e _count -e fib_ -e _mem; }
sysctls >/run/before
nvi nvi0
sysctls >/run/after
check 'module and device write no sysctl' diff /run/before /run/after
at_least 'of those compared' "$(wc -l </run/after)" 300
# Of its own, the kernel itself sets these, for a device without ARP or of no type.
own() {
	sysctl -a 2>/dev/null | sed -n "s/^\(net\.ipv[46]\.conf\.\)$1\./\1/p" |
		grep -vE '\.(mtu|accept_dad|addr_gen_mode|use_tempaddr|stable_secret) '
}
own default >/run/default
own nvi0 >/run/own
check "the device's own are the default's" diff /run/default /run/own
at_least 'of those compared' "$(wc -l </run/own)" 70

topology
# The first lookup by a mark, so that replies' reverse lookup does not find nvi0.
must ip rule add fwmark 0x50 lookup 50
must ip route add default dev nvi0 table 50
must iptables -t mangle -A OUTPUT -d $FAR -j MARK --set-mark 0x50
must iptables -t mangle -A POSTROUTING -o nvi0 -j MARK --set-mark 0
must iptables -A FORWARD -i nvi0 -o up0 -m comment --comment second
must iptables -A FORWARD -m comment --comment all
must ip route del $FAR
must ip rule add iif nvi0 lookup 60
must ip route add $FAR via $PEER table 60
capture peer peer eth0
is 'forwarding is off' "$(sysctl -n net.ipv4.ip_forward) $(sysctl -n net.ipv6.conf.all.forwarding)" '0 0'
must ip route replace $FAR via $PEER
sysctls >/run/before
check 'no sysctl touched: answered' pings box 3 $FAR
sysctls >/run/after
check 'traffic writes no sysctl' diff /run/before /run/after
own nvi0 >/run/own
check "nor one of the device's own" diff /run/default /run/own
for rp in 0 1 2; do
	# Replies come in by the uplink: let its reverse lookup find it.
	must ip route replace $FAR via $PEER
	must sysctl -qw net.ipv4.conf.all.rp_filter=$rp
	check "rp_filter $rp: answered" pings box 3 $FAR
done
settled peer
is 'all have left by the true uplink, one hop' "$(seen peer "icmp[0] == 8 and src $BOX and dst $FAR and ip[8] == 63")" 12
is 'FORWARD sees nvi0 as the input interface' "$(rule_packets 'comment second')" 12
is 'and sees them once' "$(rule_packets 'comment all')" 12
speaks 'rp_filter 2' box peer $FAR
check 'TCP, byte for byte' tcp_copy box peer $FAR 5001 $BULK
check 'the other direction' tcp_fetch box peer $FAR 5002 $BULK
is 'no bad checksum' "$(bad_checksums peer)" 0
is 'nothing was delivered on the box' "$(nvi_stat nvi0 rx_local)" 0

# The same in IPv6: what is the box's own, nobody asks for forwarding. Fragments come back
# by the receive path, and all does with prerouting.
must ip -6 rule add fwmark 0x50 lookup 50
must ip -6 route add default dev nvi0 table 50
must ip6tables -t mangle -A OUTPUT -d $FAR6 -j MARK --set-mark 0x50
must ip6tables -t mangle -A POSTROUTING -o nvi0 -j MARK --set-mark 0
must ip -6 rule add iif nvi0 lookup main
HOP="icmp6[0] == 128 and src $BOX6 and dst $FAR6 and ip6[7] == 63"
for again in off on; do
	must ethtool --set-priv-flags nvi0 prerouting $again
	[ $again = off ] || must ip6tables -t mangle -A PREROUTING -i nvi0 -j MARK --set-mark 0
	is "prerouting $again, IPv6 forwarding is off" "$(sysctl -n net.ipv6.conf.all.forwarding)" 0
	says 'unhole-path: it leaves' "$(unhole-path to $FAR6)" 'leaves by up0'
	unhole-path doctor >/run/doctor
	refute 'and its doctor has no word about forwarding' grep -q 'forwarding6.*off' /run/doctor
	settled peer
	was=$(seen peer "$HOP")
	check 'answered' pings box 3 $FAR6
	settled peer
	is 'by the true uplink, one hop' $(($(seen peer "$HOP") - was)) 3
	speaks "IPv6, prerouting $again" box peer $FAR6
	check 'fragments' pings box 2 $FAR6 -s 4000
	if [ $again = on ]; then
		must ethtool --set-priv-flags nvi0 reset-ct on
		check 'fragments that conntrack reassembles on the second pass' pings box 2 $FAR6 -s 4000
		must ethtool --set-priv-flags nvi0 reset-ct off
	fi
	check 'TCP, byte for byte' tcp_copy box peer $FAR6 $([ $again = on ] && echo 5004 || echo 5003) $BULK
	refute "a hop limit that ends on the second pass" pings box 1 $FAR6 -t 1 -W 0.3
	must ip -6 rule add iif cl0 lookup 50
	refute 'but what a client sends is not forwarded' pings client 1 $FAR6 -W 0.3
	must ip -6 rule del iif cl0
done
# (An ICMP error is looked up without the mark, so the route must not depend on it.)
must ip6tables -t mangle -F OUTPUT
must ip -6 rule add iif lo to $FAR6 lookup 50
must ip -6 route change $FAR6 via $PEER6 mtu 1280
out=$(pings box 3 $FAR6 -s 1400 -i 0.3)
says 'it hears of a smaller MTU' "$out" '2 received'
is 'no bad checksum' "$(bad_checksums peer)" 0
