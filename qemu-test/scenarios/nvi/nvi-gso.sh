# SPDX-License-Identifier: GPL-2.0-only
# Offloads through nvi0: a large TCP packet stays one until the true egress, from
# the box and from a client, and arrives byte for byte, with MASQUERADE and without.
# With offloads off at the egress, no oversized segment and no bad checksum is on
# the wire.
# patches: none
# claims: L10
# weight: 8
topology
must sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
nvi nvi0
for f in -4 -6; do
	must ip $f rule add iif cl0 lookup 50
	must ip $f rule add fwmark 0x50 lookup 50
	must ip $f route add default dev nvi0 table 50
	must ip $f rule add iif nvi0 lookup main
done
for t in iptables ip6tables; do
	must $t -t nat -A POSTROUTING -o nvi0 -j MASQUERADE
	must $t -t mangle -A OUTPUT -p tcp --dport 5000:5999 -j MARK --set-mark 0x50
	must $t -t mangle -A POSTROUTING -o nvi0 -j MARK --set-mark 0
done
offloads() { # on|off
	for w in 'box cl0' 'client eth0' 'box up0' 'peer eth0'; do
		on ${w% *} ethtool -K ${w#* } tso $1 gso $1 gro $1 tx $1 rx $1 >/dev/null 2>&1
	done
}
sent() { cat /sys/class/net/nvi0/statistics/tx_packets; }
n=5000
# transfer WHAT FROM TO: BULK MiB; sets took to the packets that nvi0 has seen, and out to
# those that up0 has sent.
transfer() {
	n=$((n + 1)) was=$(sent) out_was=$(cat /sys/class/net/up0/statistics/tx_packets)
	check "$1: $BULK MiB, byte for byte" tcp_copy $2 peer $3 $n $BULK
	took=$(($(sent) - was)) out=$(($(cat /sys/class/net/up0/statistics/tx_packets) - out_was))
}
# A packet has 1,448 bytes of payload, a large one up to 45 times that.
small=$((BULK * 1048576 / 1448))
# Where everything is slow, TCP sends before it has that much.
[ "${SLOW:-1}" = 1 ] && large=4 || large=2
offloads on
for from in box client; do
	for to in $FAR $FAR6; do
		transfer "offloads on, $from to $to" $from $to
		at_most "offloads on, $from to $to: in large packets" $took $((small / large))
		at_most "offloads on, $from to $to: as many at the egress, but for a few (ARP)" $out $((took + 20))
	done
done
must ethtool -K nvi0 tso off gso off
transfer 'offloads on, but for nvi0' client $FAR
at_least 'where they are off for nvi0, it makes segments' $took $((small * 9 / 10))
must ethtool -K nvi0 tso on gso on
offloads off
for flow in "client $FAR" "box $FAR6"; do
	capture w$n peer eth0 100
	c=w$n what="offloads off at the egress, ${flow% *} to ${flow#* }"
	transfer "$what" $flow
	settled $c
	bulk_fine "$what" $c "tcp dst port $n" 1500
	stop $c
done
is 'no bad checksum' "$(bad_checksums peer)" 0
is 'all were handled directly' "$(nvi_stat nvi0 rx_local) $(nvi_stat nvi0 rx_fragment)" '0 0'
