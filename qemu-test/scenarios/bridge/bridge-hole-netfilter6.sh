# SPDX-License-Identifier: GPL-2.0-only
# A bridge whose box routes IPv6 twice, by UNHOLE and by nvi, without br_netfilter and
# with it: the counts are the same. No packet crosses PREROUTING twice on a device,
# none is lost, fragments are whole, each connection has one entry; physdev knows
# the port on both passes. A bridge port as an nvi "link".
# claims: B6 L9 L10
# weight: 10
. /unhole/bridge.sh
bridge_topology
FAR=2001:db8:3::7 NAT=2001:db8:2::9 CLIENT=2001:db8:1::2 SERVER=2001:db8:1::3
host peer
wire box up0 2001:db8:2::1/64 peer eth0 2001:db8:2::2/64
must ip addr add 2001:db8:1::1/64 dev br0 nodad
must ip -n client addr add $CLIENT/64 dev eth0 nodad
must ip -n server addr add $SERVER/64 dev eth0 nodad
must ip -n client -6 route add default via 2001:db8:1::1
must ip -n peer addr add $FAR/128 dev lo nodad
must ip -6 route add $FAR via 2001:db8:2::2
must ip addr add $NAT/128 dev up0 nodad
stock_sysctls
must sysctl -qw net.ipv6.conf.all.forwarding=1
capture peer peer eth0
udp_echo peer $FAR 7
unhole6
nvi nvi0
must ip -6 nexthop add id 50 dev lo
must ip -6 rule add iif br0 to $FAR lookup 50
for d in lo nvi0; do must ip6tables -t nat -A POSTROUTING -o $d -s $CLIENT -j SNAT --to-source $NAT; done
# Requests by device, and what comes back by the uplink.
for d in br0 p1 lo nvi0; do
	must ip6tables -t mangle -A PREROUTING -i $d -p icmpv6 --icmpv6-type 128 -m comment --comment "pre-$d"
	for o in lo nvi0 up0; do must ip6tables -t mangle -A FORWARD -i $d -o $o -p icmpv6 --icmpv6-type 128 -m comment --comment "forward-$d-$o"; done
done
must ip6tables -t mangle -A PREROUTING -i up0 -p icmpv6 --icmpv6-type 129 -m comment --comment pre-up0
text=$(head -c 2000 /dev/urandom | od -An -v -tx1 | tr -d ' \n')
echo="icmp6[0] == 128 and src $NAT and dst $FAR and ip6[7] == 62"
round() { # WHAT WANTED-COUNTS
	must conntrack -F
	must ip6tables -t mangle -Z
	n=$(seen peer "$echo")
	is "$1: br_netfilter" "$(lsmod | grep -c ^br_netfilter)" $brnf
	check "$1: none is lost" pings client 3 $FAR
	settled peer
	is "$1: each once, translated, two hops" $(($(seen peer "$echo") - n)) 3
	is "$1: each device once" "$(counted ip6tables | sort | xargs)" "$2"
	is "$1: one entry" "$(conntrack -L -f ipv6 -p icmpv6 2>/dev/null | grep -c "dst=$FAR")" 1
	n=$(seen peer "ip6[6] == 44 and src $NAT")
	check "$1: fragments, byte for byte" [ "$(udp_ask client $FAR 7 "$text")" = "$text" ]
	settled peer
	at_least "$1: fragments they were" $(($(seen peer "ip6[6] == 44 and src $NAT") - n)) 3
	is "$1: one entry" "$(conntrack -L -f ipv6 -p udp 2>/dev/null | grep -c .)" 1
	check "$1: bridged, as ever" pings client 1 $SERVER
}
for brnf in 0 1; do
	phys=
	if [ $brnf = 1 ]; then
		recipe bridge-netfilter
		is 'the bridge asks ip6tables, too' "$(sysctl -n net.bridge.bridge-nf-call-ip6tables)" 1
		# Not before: this rule would load br_netfilter.
		must ip6tables -t mangle -A FORWARD -o up0 -p icmpv6 --icmpv6-type 128 -m physdev --physdev-in p1 -m comment --comment phys
		phys='phys 3 '
	fi
	with="br_netfilter $brnf"
	must ip -6 route replace default nhid 50 table 50
	round "$with, UNHOLE" "forward-br0-lo 3 forward-lo-up0 3 ${phys}pre-br0 3 pre-lo 3 pre-up0 3"
	must ip -6 route del default table 50
	must ip -6 route add default dev nvi0 table 50
	round "$with, nvi" "forward-br0-nvi0 3 forward-br0-up0 3 ${phys}pre-br0 3 pre-up0 3"
	must ip -6 route del default table 50
done
must ip link del nvi0
must ip link add link p1 name nvi0 type nvi
must ip link set nvi0 up
must ip -6 route replace default dev nvi0 table 50
round 'link p1' 'forward-br0-nvi0 3 forward-p1-up0 3 phys 3 pre-br0 3 pre-up0 3'
must ip6tables -t mangle -F
recipe_down bridge-netfilter
