# SPDX-License-Identifier: GPL-2.0-only
# IPv4 options and IPv6 extension headers through nvi0, from a client and from the
# box: the packet arrives with them. Options and hop-by-hop headers go by the
# receive path, other headers do not need to.
# patches: none
# claims: L10
# weight: 6
topology
must sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
must sysctl -qw net.ipv4.conf.all.rp_filter=1
nvi nvi0
for f in -4 -6; do
	must ip $f rule add fwmark 0x50 lookup 50
	must ip $f route add default dev nvi0 table 50
	must ip $f rule add iif nvi0 lookup main
done
for t in iptables ip6tables; do
	must $t -t mangle -A PREROUTING -i cl0 -j MARK --set-mark 0x50
	must $t -t mangle -A POSTROUTING -o nvi0 -j MARK --set-mark 0
done
must iptables -t mangle -A OUTPUT -d $FAR -j MARK --set-mark 0x50
must ip6tables -t mangle -A OUTPUT -d $FAR6 -j MARK --set-mark 0x50
capture peer peer eth0
options() { nvi_stat nvi0 rx_options; }
for ns in client box; do
	was=$(options)
	# Timestamps, which every router on the way may add to.
	check "$ns: answered with a timestamp option" pings $ns 3 $FAR -T tsonly
	is "$ns: by the receive path" $(($(options) - was)) 3
	check "$ns: answered with a recorded route" pings $ns 3 $FAR -R
	is "$ns: by the receive path" $(($(options) - was)) 6
done
settled peer
is 'timestamps arrive' "$(seen peer 'icmp[0] == 8 and ip[0] != 0x45 and ip[20] == 68' )" 6
is 'recorded routes arrive' "$(seen peer 'icmp[0] == 8 and ip[0] != 0x45 and (ip[20] == 7 or ip[21] == 7)')" 6

packet() { # SRC NEXT HEADERS
	_udp=$(udp6 "$1" $FAR6 4000 "$((0x$2 + 5000))" 'through nvi')
	_all=$(echo "${3#-}$_udp" | tr -d ' ')
	echo "60000000 $(printf %04x $((${#_all} / 2)))$2 40 $(hex6 "$1") $(hex6 $FAR6) $_all" | tr -d ' '
}
for from in "client $CLIENT6 3e" "box $BOX6 3f"; do
	read -r ns src hops <<-END
		$from
	END
	was=$(options) direct=$(nvi_stat nvi0 direct)
	for kind in '00 1100010400000000' '3c 11001e0401020304' '11 -'; do
		# shellcheck disable=SC2086 # two words
		packet $src $kind >/run/sent
		raw6 $ns "$(cat /run/sent)" </dev/null
		settled peer
		is "$ns: header ${kind%% *} arrives byte for byte" \
			"$(tcpdump -Z root -n -x -r /run/capture.peer/pcap 'ip6 and not icmp6' 2>/dev/null |
				awk '/^\t/ { sub(/.*: */, ""); gsub(/ /, ""); p = p $0; next } { p = "" } END { print p }')" \
			"$(sed "s/^\(.\{14\}\)40/\1$hops/" /run/sent)"
	done
	is "$ns: hop-by-hop by the receive path" $(($(options) - was)) 1
	at_least "$ns: the others directly" $(($(nvi_stat nvi0 direct) - direct)) 2
done
