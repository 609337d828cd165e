# SPDX-License-Identifier: GPL-2.0-only
# What watches packets on their way out by an nvi device sees each of them, though they
# take a shorter way where nobody does: a tap, tc, nftables at the egress, a qdisc, of one
# queue or of several; of the box and of a client, in both families.
# not on: patched: that configuration has no matchall, and no egress hook of nftables
# claims: L10
# weight: 6
topology
must sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
# nvi_up [queues N]: the device, and the routes into it.
nvi_up() {
	must ip link add nvi0 ${1:+numtxqueues $1} type nvi
	must ip link set nvi0 up
	for f in -4 -6; do must ip $f route add default dev nvi0 table 50; done
}
for f in -4 -6; do
	must ip $f rule add iif cl0 lookup 50
	must ip $f rule add fwmark 0x50 lookup 50
	must ip $f rule add iif nvi0 lookup main
done
# passes WHAT COUNT-COMMAND...: a ping each of client and box, in either family, and how
# many the watcher has counted.
passes() {
	_w=$1
	shift
	_had=$("$@")
	for ns in client box; do
		for to in $FAR $FAR6; do
			check "$_w: $ns to $to" pings $ns 1 $to $([ $ns = client ] || echo '-m 80')
		done
	done
	is "$_w: each is seen" $(($("$@") - _had)) 4
}
sent() { nvi_stat nvi0 direct; }
# Whether the transmit path is taken says a tracepoint of it.
trace=/sys/kernel/tracing
echo 'name == "nvi0"' >$trace/events/net/net_dev_queue/filter
echo 1 >$trace/events/net/net_dev_queue/enable
: >$trace/trace
by_path() { grep -c net_dev_queue: $trace/trace; }
# gone WHAT: nobody watches any more.
gone() {
	_before=$(by_path)
	check "$1 is gone" pings client 1 $FAR
	is "$1 is gone: not by the transmit path any more" $(($(by_path) - _before)) 0
}
nvi_up
passes 'nobody' sent
passes 'nobody, again' sent
is 'nobody: not by the transmit path' "$(by_path)" 0

capture tap box nvi0
tapped() { settled tap && seen tap 'icmp[0] == 8 or icmp6[0] == 128'; }
passes 'a tap' tapped
stop tap
gone 'a tap'
# One of all devices, on which no mark can be sent.
capture any box any
for to in $FAR $FAR6; do check "a tap of all devices: $to" pings client 2 $to; done
any_saw() { [ "$(tcpdump -Z root -n -r /run/capture.any/pcap 'icmp[0] == 8 or icmp6[0] == 128' 2>/dev/null | grep -c 'nvi0 *Out')" = "$1" ]; }
check 'a tap of all devices: each is seen' wait_for 10 any_saw 4
stop any
gone 'a tap of all devices'

must tc qdisc add dev nvi0 clsact
must tc filter add dev nvi0 egress matchall action pass
by_tc() { tc -s filter show dev nvi0 egress | sed -n 's/.* \([0-9]*\) pkt .*/\1/p' | head -n 1; }
passes 'tc' by_tc
must tc qdisc del dev nvi0 clsact
gone 'tc'

must nft add table netdev watch
must nft 'add chain netdev watch out { type filter hook egress device nvi0 priority 0; }'
must nft add rule netdev watch out counter
by_nft() { nft list chain netdev watch out | sed -n 's/.* packets \([0-9]*\) .*/\1/p'; }
passes 'nftables at the egress' by_nft
must nft add rule netdev watch out meta protocol ip drop
refute 'which may drop' pings client 1 $FAR -W 0.3
must nft delete table netdev watch
gone 'nftables at the egress'

must tc qdisc add dev nvi0 root pfifo
queued() { tc -s qdisc show dev nvi0 | sed -n 's/.* \([0-9]*\) pkt .*/\1/p' | awk '{ n += $1 } END { print n }'; }
passes 'a qdisc' queued
must tc qdisc del dev nvi0 root
gone 'a qdisc'
at_least 'what was watched took the transmit path' "$(by_path)" 20

# Several queues, each with a qdisc.
must ip link del nvi0
nvi_up 4
must tc qdisc add dev nvi0 root handle 1: mq
for q in 1 2 3 4; do must tc qdisc add dev nvi0 parent 1:$q pfifo; done
on_each() { tc -s qdisc show dev nvi0 | awk '/^qdisc pfifo/ { on = 1; next } /^qdisc/ { on = 0 } on && / pkt / { for (i = 1; i < NF; i++) if ($(i + 1) == "pkt") n += $i } END { print n + 0 }'; }
passes 'several queues' on_each
