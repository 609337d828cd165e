# SPDX-License-Identifier: GPL-2.0-only
# IPv6 validates no source: a packet with the box's own that arrives by a NIC is
# forwarded, with unholed traffic beside it as without. What IPv6 does refuse by a
# NIC stays refused: a source of ::1, and everything for others where forwarding is
# off, even from a packet whose control block happens to hold the bit.
# not on: stock: it has no exemption that could be misused
# spread: no
topology
must ip -n peer addr add 2001:db8:9::200/128 dev lo
must ip -n client addr add 2001:db8:1::77/128 dev lo
must ip -6 route add 2001:db8:1::77/128 via $CLIENT6
capture client client eth0
mac=$(cat /sys/class/net/up0/address)
must ip6tables -t mangle -A INPUT -p udp --dport 4001 -m comment --comment delivered
# spoof COUNT SOURCE DESTINATION PORT
spoof() {
	must on peer mausezahn -q eth0 -c "$1" "$(frame6 "$mac" 020000000001 "$2" "$3" "$4")"
}
# all PORT: what each kind of packet comes to.
all() {
	_errors=$(mib Ip6InAddrErrors)
	spoof 20 ::1 2001:db8:1::77 "40$1"
	spoof 20 $BOX6 2001:db8:1::77 "41$1"
	spoof 20 $FAR6 2001:db8:1::77 "42$1"
	settled client
	echo "::1 $(seen client "udp dst port 40$1"), own $(seen client "udp dst port 41$1"), honest $(seen client "udp dst port 42$1"), errors $(($(mib Ip6InAddrErrors) - _errors))"
}
must sysctl -qw net.ipv6.conf.all.forwarding=1
is 'without the hole' "$(all 00)" '::1 0, own 20, honest 20, errors 0'
hole_local6
unhole6
ping -6 -n -q -i 0.01 -c 300 $FAR6 >/run/ping &
flow=$!
is 'beside unholed traffic' "$(all 01)" '::1 0, own 20, honest 20, errors 0'
spoof 20 ::1 $BOX6 4001
spoof 20 $FAR6 $BOX6 4001
wait $flow
check 'the unholed flow was not disturbed' grep -q ' 300 received' /run/ping
is 'for the box, the honest ones alone are delivered' "$(rule_packets 'comment delivered' ip6tables)" 20

must insmod "/lib/modules/$(uname -r)/updates/plant.ko" fault=ip6
is 'with the bit' "$(all 02)" '::1 0, own 20, honest 20, errors 0'
spoof 20 ::1 $BOX6 4001
spoof 20 $FAR6 $BOX6 4001
is 'for the box, with the bit: the same' "$(rule_packets 'comment delivered' ip6tables)" 40
must sysctl -qw net.ipv6.conf.all.forwarding=0
is 'forwarding off, with the bit: as ever' "$(all 03)" '::1 0, own 0, honest 0, errors 40'
at_least 'packets with the bit came by a NIC' "$(cat /sys/module/plant/parameters/hits)" 100
must rmmod plant
