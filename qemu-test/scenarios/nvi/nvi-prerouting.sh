# SPDX-License-Identifier: GPL-2.0-only
# An nvi device with the private flag prerouting: the second pass crosses PREROUTING with
# nvi0 as its input interface, and then comes the lookup. So marks, DNAT, REDIRECT and
# TPROXY there reach the box's own packets as well, from nftables or iptables, with no
# sysctl; with reset-ct the second pass has a conntrack entry of its own. On patched kernels,
# too, whose bits of the control block may be the driver's. In IPv6: nvi-prerouting-ipv6.
# claims: L10
# weight: 12
# spread: no
topology
family "${F:-4}"
nvi nvi0
# flag NAME on|off ...: of nvi0.
flag() { ethtool --set-priv-flags nvi0 "$@"; }
refute 'reset-ct alone is refused' flag reset-ct on
must flag prerouting on
refute 'and so are reset-ct and notrack together' flag reset-ct on notrack on
says 'ethtool shows it' "$(ethtool --show-priv-flags nvi0)" 'prerouting: on' 'reset-ct  : off'

# The box's own packets to FAR go in by a mark, and what the client sends by its device.
# Both marks are taken off in PREROUTING, before the second lookup.
must $IP route add default dev nvi0 table 50
must $IP rule add fwmark 0x50 lookup 50 pref 50
must $IP rule add iif cl0 lookup 50 pref 51
must $IP rule add iif nvi0 lookup main pref 10
must $IPT -t mangle -A OUTPUT -d $FAR -j MARK --set-mark 0x50
must $IPT -t mangle -A PREROUTING -i nvi0 -j MARK --set-mark 0
must $IPT -A FORWARD -i nvi0 -m comment --comment forwarded
must $IPT -t raw -A PREROUTING -i nvi0 -m comment --comment raw
must $IPT -t raw -A PREROUTING -i lo -m comment --comment lo
capture wire peer eth0
capture client client eth0
sysctls() { sysctl -a 2>/dev/null | grep -E '\.(rp_filter|accept_local|forwarding|ip_forward) '; }
sysctls >/run/before
for rp in 0 1 2; do
	[ $F = 4 ] || [ $rp = 0 ] || continue
	must sysctl -qw net.ipv4.conf.all.rp_filter=$rp
	check "rp_filter $rp: the box is answered" pings box 3 $FAR
done
must sysctl -qw net.ipv4.conf.all.rp_filter=0
# path [ARGUMENT...]: what unhole-path says of it: why, and what counts it or FORWARD sees.
path() { unhole-path -j to "$@" | sed 's/"lookups".*//' | grep -oE '"(reason|counter|forward_iif)":"[^"]*"' | cut -d'"' -f4 | tr '\n' ' '; }
is 'unhole-path says so' "$(path $FAR)" 'nvi nvi0 '
n=$(nvi_stat nvi0 rx_prerouting)
is 'raw has seen each on nvi0' "$(rule_packets 'comment raw' $IPT)" "$n"
is 'and so has FORWARD' "$(rule_packets 'comment forwarded' $IPT)" "$n"
at_least 'all of them' "$n" 3
is 'none went another way' "$(nvi_stat nvi0 direct) $(nvi_stat nvi0 rx_refused) $(rule_packets 'comment lo' $IPT)" '0 0 0'
settled wire
is 'each is one hop further' "$(seen wire "$REQUEST and src $BOX and dst $FAR and $TTL == 63")" "$n"
sysctls >/run/after
check 'with no sysctl' diff /run/before /run/after
must sysctl -qw $FORWARDING=1
speaks 'the box' box peer $FAR
speaks 'a client' client peer $FAR
is 'no bad checksum' "$(bad_checksums peer)" 0
check 'fragments of a client' pings client 1 $FAR -s 4000
check 'fragments of the box' pings box 1 $FAR -s 4000
is 'they are whole in FORWARD' "$(rule_packets 'comment forwarded' $IPT)" "$(rule_packets 'comment raw' $IPT)"

# The lookup comes after the marks, and says what it refuses.
must $IP route add unreachable default table 77
must $IP rule add fwmark 0x77 lookup 77 pref 9
must $IPT -t mangle -A PREROUTING -i nvi0 -s $CLIENT -j MARK --set-mark 0x77
refute 'a mark of PREROUTING decides' pings client 1 $FAR
is 'unhole-path: by that rule' "$(path $FAR from $CLIENT iif cl0)" 'error-route rx_refused '
settled client
is 'the client hears of it' "$(seen client "$UNREACH and dst $CLIENT")" 1
is 'refused' "$(nvi_stat nvi0 rx_refused)" 1
must $IP route replace default dev nvi0 table 77
refute 'a second lookup that leads in again' pings client 1 $FAR
is 'is refused, once' "$(nvi_stat nvi0 rx_refused)" 2
must $IP rule del pref 9
must $IPT -t mangle -D PREROUTING -i nvi0 -s $CLIENT -j MARK --set-mark 0x77

# What tc puts on the device is not the device's own: the receive path has its say.
if [ $F = 4 ]; then
	must sysctl -qw net.ipv4.ip_forward=0 net.ipv4.conf.nvi0.forwarding=0
	must tc qdisc add dev cl0 clsact
	must tc filter add dev cl0 ingress protocol ip u32 match ip dst $FAR action mirred ingress redirect dev nvi0
	was=$(rule_packets 'comment raw' $IPT)
	settled wire
	n=$(seen wire "$REQUEST")
	refute 'what tc redirects is not forwarded' pings client 1 $FAR
	settled wire
	is 'though it came in' "$(($(rule_packets 'comment raw' $IPT) - was)) $(($(seen wire "$REQUEST") - n))" '1 0'
	must tc qdisc del dev cl0 clsact
	must sysctl -qw net.ipv4.ip_forward=1
fi

# The first pass untracked, the entry begins with the second: nftables alone.
must flag reset-ct on
[ $F = 4 ] && VIP=203.0.113.80 || VIP=2001:db8:3::80
[ $F = 4 ] && n=ip LOOPBACK=127.0.0.1 || n=ip6 LOOPBACK=::1
must $IP route add $VIP via $PEER
must nft -f - <<-END
	table $n again {
		chain mine { type route hook output priority -300; $n daddr $VIP notrack meta mark set 0x50; }
		chain to_far { type nat hook prerouting priority -100; iifname nvi0 $n daddr $VIP udp dport 8 redirect to :7
			iifname nvi0 $n daddr $VIP udp dport 11 dnat to $LOOPBACK
			$n daddr $VIP dnat to $FAR; }
	}
END
udp_echo peer $FAR 7
is 'DNAT on the second pass: the box, UDP' "$(udp_ask box $VIP 7 hello)" hello
check 'TCP' tcp_copy box peer $VIP 5001 1 $FAR
says 'and an ICMP error' "$(udp_ask box $VIP 9 x 2>&1)" refused
# ... on their only pass: a second entry would have the replies of the first.
must $IP rule del pref 51
is 'the same rule serves clients' "$(udp_ask client $VIP 7 hello)" hello
must $IP rule add iif cl0 lookup 50 pref 51
must $IP addr add ${UP}77/$ALL dev nvi0
udp_echo box ${UP}77 7
is 'REDIRECT, to the address of nvi0' "$(udp_ask box $VIP 8 here)" here
udp_echo box $LOOPBACK 11
must sysctl -qw net.ipv4.conf.all.route_localnet=1
was=$(nvi_stat nvi0 rx_refused)
is 'DNAT to loopback: it does not hear of it' "$(udp_ask box $VIP 11 x)" ''
is 'refused' $(($(nvi_stat nvi0 rx_refused) - was)) 1

# Two entries: MASQUERADE at the true uplink, though the first pass has one.
must nft add table $n stages
must nft -f - <<-END
	table $n stages {
		chain stage { type nat hook postrouting priority 100; oifname nvi0 $n saddr $CLIENT snat to ${UP}8
			oifname up0 $n saddr ${UP}8 masquerade; }
		chain zones { type filter hook prerouting priority -300; iifname nvi0 $n saddr ${UP}8 ct zone set 2
			iifname up0 $n daddr $BOX ct zone set 2; }
	}
END
must $IP rule add iif up0 to ${UP}8 lookup 50 pref 52
must conntrack -F -f ipv$F
settled wire
check 'two stages of NAT' pings client 3 $FAR
settled wire
is 'on the wire: the second' "$(seen wire "$REQUEST and src ${UP}8")" 0
is 'an entry of each' "$(conntrack -L $CT 2>/dev/null | grep -c "src=$CLIENT dst=$FAR .*dst=${UP}8 \|src=${UP}8 dst=$FAR .*dst=$BOX .*zone=2")" 2
speaks 'through both' client peer $FAR
must nft delete table $n stages
must flag reset-ct off notrack on
must conntrack -F -f ipv$F
must $IPT -t raw -A PREROUTING -i nvi0 -m comment --comment later
must $IPT -t mangle -A PREROUTING -i nvi0 -m conntrack --ctstate UNTRACKED -m comment --comment untracked
check 'notrack: answered' pings client 1 $FAR
is 'and untracked' "$(rule_packets 'comment untracked' $IPT)" "$(rule_packets 'comment later' $IPT)"
must flag notrack off

# A flow table's hook on the device sees what comes in again.
must nft -f - <<-END
	table $n fast {
		flowtable f { hook ingress priority 0; devices = { nvi0, up0, cl0 }; }
		chain forward { type filter hook forward priority 0; meta l4proto { tcp, udp } flow add @f; }
	}
END
must conntrack -F -f ipv$F
speaks 'with a flow table' client peer $FAR
must nft delete table $n fast

# What the second lookup delivers here enters INPUT as nvi0.
must $IP rule add iif nvi0 lookup local pref 9
must $IP rule add pref 100 lookup local
must $IP rule del pref 0
must $IPT -A INPUT -i nvi0 -m comment --comment nvi
must $IPT -A INPUT -i lo -m comment --comment trusted
must $IPT -t mangle -A PREROUTING -i cl0 -d $BOX -j MARK --set-mark 0x50
must $IP rule del pref 51
check 'delivered here' pings client 2 $BOX
is 'unhole-path: there' "$(path $BOX from $CLIENT iif cl0)" 'second-lookup-local rx_prerouting '
is 'INPUT sees nvi0, and not lo' "$(rule_packets 'comment nvi' $IPT) $(rule_packets 'comment trusted' $IPT)" '2 0'

# The hooks are there as long as a device wants them, in its own namespace. (Debian's 6.1
# does not list hooks.)
nft list hooks $n 2>/dev/null | grep -q nvi_again && listed=1 || listed=0
[ $listed = 1 ] || [ "$GUEST_K" = stock-6.1 ] || not_ok 'a hook'
hooks() { on "${1:-box}" nft list hooks $n 2>/dev/null | grep -c nvi_again; }
hooked() { [ $listed = 0 ] || is "$1" "$(hooks)$(hooks other)" "$2"; }
host other
hooked 'a hook, here' 10
must ip link set nvi0 netns other
hooked 'it moves with the device' 01
must ip -n other link set nvi0 netns $$
hooked 'and back' 10
nvi nvi1
must ethtool --set-priv-flags nvi1 prerouting on
hooked 'one for two devices' 10
must ip link del nvi1
hooked 'of which one goes' 10
must flag prerouting off
hooked 'off: none' 00
must ip link set nvi0 up
must $IP route add default dev nvi0 table 50
was=$(rule_packets 'comment raw' $IPT)
must $IPT -t mangle -A POSTROUTING -o nvi0 -j MARK --set-mark 0
check 'off: answered' pings box 2 $FAR
is 'and PREROUTING has seen none' "$(rule_packets 'comment raw' $IPT)" "$was"
must flag prerouting on
must ip link del nvi0
hooked 'a device that goes takes it along' 00
