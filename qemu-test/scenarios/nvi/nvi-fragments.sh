# SPDX-License-Identifier: GPL-2.0-only
# Fragments: a large datagram with port-translating SNAT arrives byte for byte, in
# both families, in both conntrack modes, and with an MTU on nvi0 that makes it
# into fragments once more. They go by the receive path.
# patches: none
# claims: L10
# weight: 8
topology
must sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
must sysctl -qw net.ipv4.conf.all.rp_filter=1
nvi nvi0
must ip -n peer route add 203.0.113.50 via $BOX
for f in -4 -6; do
	must ip $f rule add iif cl0 lookup 50
	must ip $f route add default dev nvi0 table 50
	must ip $f rule add iif nvi0 lookup main
	must ip $f rule add fwmark 0x50 lookup 50
done
must iptables -t nat -A POSTROUTING -o nvi0 -p udp -j SNAT --to-source 203.0.113.50:40000-40010
must ip6tables -t nat -A POSTROUTING -o nvi0 -p udp -j SNAT --to-source '[2001:db8:50::1]:40000-40010'
must iptables -t mangle -A OUTPUT -d $FAR -j MARK --set-mark 0x50
must iptables -t mangle -A POSTROUTING -o nvi0 -j MARK --set-mark 0
must ip6tables -t mangle -A OUTPUT -d $FAR6 -j MARK --set-mark 0x50
must ip6tables -t mangle -A POSTROUTING -o nvi0 -j MARK --set-mark 0
capture peer peer eth0
head -c 4000 /dev/urandom | od -An -v -tx1 | tr -d ' \n' >/run/text # 8,000 bytes
# In IPv6 a smaller MTU costs the first datagram, which its sender is told.
arrives() {
	on $from socat -u -b 65536 OPEN:/run/text "UDP$(_fam $to)-SENDTO:$(_host $to):$((6000 + n)),sourceport=5555"
	cmp /run/text /run/got.$n
}
n=0
for mode in off on; do
	must ethtool --set-priv-flags nvi0 notrack $mode
	for mtu in 1500 1280; do
		must ip link set nvi0 mtu $mtu
		for from in client box; do
			for to in $FAR $FAR6; do
				n=$((n + 1))
				on peer socat -u -b 65536 "UDP$(_fam $to)-RECVFROM:$((6000 + n)),bind=$(_host $to)" OPEN:/run/got.$n,creat &
				wait_for 10 _listens peer u $((6000 + n)) || must false
				check "notrack $mode, MTU $mtu, $from to $to: byte for byte" wait_for 5 arrives
			done
		done
	done
done
settled peer
at_least 'as fragments' "$(seen peer 'ip[6:2] & 0x3fff != 0 and src 203.0.113.50')" 24
at_least 'in IPv6 as well' "$(seen peer 'ip6[6] == 44 and src 2001:db8:50::1')" 24
is 'the source port is translated' "$(seen peer 'udp and src port 5555')" 0
at_least 'they went by the receive path' "$(nvi_stat nvi0 rx_fragment)" 96
