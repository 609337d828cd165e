# SPDX-License-Identifier: GPL-2.0-only
# A bridge whose box routes twice, by UNHOLE and by nvi, without br_netfilter and
# with it: the counts are the same. No packet crosses PREROUTING twice on a device,
# none is lost, fragments are whole, each connection has one entry; physdev knows
# the port on both passes. A bridge port as an nvi "link".
# claims: B6 L9 L10
# weight: 10
. /unhole/bridge.sh
bridge_topology
UP=198.51.100.1 PEER=198.51.100.2 FAR=203.0.113.7 NAT=198.51.100.9
host peer
wire box up0 $UP/24 peer eth0 $PEER/24
must ip -n peer addr add $FAR/32 dev lo
must ip -n client route add default via $BOX
must ip route add $FAR via $PEER
must ip addr add $NAT/32 dev up0
stock_sysctls
must sysctl -qw net.ipv4.ip_forward=1
capture peer peer eth0
udp_echo peer $FAR 7
unhole
nvi nvi0
must ip rule add iif br0 to $FAR lookup 50
for d in lo nvi0; do must iptables -t nat -A POSTROUTING -o $d -s $CLIENT -j SNAT --to-source $NAT; done
# Pings and UDP of the client and the answers, by device.
for d in br0 p1 lo nvi0 up0; do
	must iptables -t mangle -A PREROUTING -i $d -p icmp -m comment --comment "pre-$d"
done
for d in br0 p1 lo nvi0; do
	for o in lo nvi0 up0; do must iptables -t mangle -A FORWARD -i $d -o $o -p icmp -m comment --comment "forward-$d-$o"; done
done
text=$(head -c 2000 /dev/urandom | od -An -v -tx1 | tr -d ' \n')
round() { # WHAT WANTED-COUNTS
	must conntrack -F
	must iptables -t mangle -Z
	n=$(seen peer "$echo")
	is "$1: br_netfilter" "$(lsmod | grep -c ^br_netfilter)" $brnf
	check "$1: none is lost" pings client 3 $FAR
	settled peer
	is "$1: each once, translated, two hops" $(($(seen peer "$echo") - n)) 3
	is "$1: each device once" "$(counted | xargs)" "$2"
	is "$1: one entry" "$(conntrack -L -p icmp 2>/dev/null | grep -c .)" 1
	check "$1: fragments, byte for byte" [ "$(udp_ask client $FAR 7 "$text")" = "$text" ]
	is "$1: one entry" "$(conntrack -L -p udp 2>/dev/null | grep -c .)" 1
	check "$1: bridged, as ever" pings client 1 $SERVER
}
echo="icmp[0] == 8 and src $NAT and dst $FAR and ip[8] == 62"
for brnf in 0 1; do
	phys=
	if [ $brnf = 1 ]; then
		recipe bridge-netfilter
		# Not before: this rule would load br_netfilter.
		must iptables -t mangle -A FORWARD -o up0 -p icmp -m physdev --physdev-in p1 -m comment --comment phys
		phys=' phys 3'
	fi
	with="br_netfilter $brnf"
	must ip route replace default dev lo table 50
	round "$with, UNHOLE" "pre-br0 3 pre-lo 3 pre-up0 3 forward-br0-lo 3 forward-lo-up0 3$phys"
	must ip route replace default dev nvi0 table 50
	round "$with, nvi" "pre-br0 3 pre-up0 3 forward-br0-nvi0 3 forward-br0-up0 3$phys"
done
must ip link del nvi0
must ip link add link p1 name nvi0 type nvi
must ip link set nvi0 up
must ip route replace default dev nvi0 table 50
round "link p1" 'pre-br0 3 pre-up0 3 forward-br0-nvi0 3 forward-p1-up0 3 phys 3'

# A bridge in a VRF: br_netfilter does not hide the second PREROUTING from it, and hides
# lo's instead, and with it the rule. It does so once for a packet: a patched kernel has
# stopped it by then, on a stock one it circles once and is unholed the next time.
must ip link add vrf1 type vrf table 10
must ip link set vrf1 up
must ip link set br0 master vrf1
must ip route add 192.0.2.0/24 dev br0
must ip route replace default dev lo table 50
for call in 1 0; do
	must sysctl -qw net.bridge.bridge-nf-call-iptables=$call
	must conntrack -F
	unholed=$(stat_unhole unholed) lo=$(rx lo) none=$(mib IpExtInNoRoutes)
	if [ $call = 1 ]; then
		if [ $PATCHED = 1 ]; then
			refute 'in a VRF: not answered' on client ping -n -q -c 1 -W 0.4 $FAR
			is 'in a VRF: the rule has not seen it' $(($(stat_unhole unholed) - unholed)) 0
			is 'in a VRF: the guard has stopped it' $(($(mib IpExtInNoRoutes) - none)) 1
		else
			check 'in a VRF: answered' pings client 1 $FAR
			is 'in a VRF: at its second time on lo' "$(($(stat_unhole unholed) - unholed)) of $(($(rx lo) - lo))" '1 of 2'
		fi
	else
		check 'in a VRF, bridge-nf-call-iptables 0: answered' pings client 1 $FAR
		is 'in a VRF, bridge-nf-call-iptables 0: unholed' $(($(stat_unhole unholed) - unholed)) 1
	fi
done
# nvi puts fragments together all the same.
must sysctl -qw net.bridge.bridge-nf-call-iptables=1
must ip route replace default dev nvi0 table 50
must conntrack -F
on peer socat -u -b 65536 UDP4-RECVFROM:8,bind=$FAR OPEN:/run/whole,creat &
wait_for 10 _listens peer u 8 || must false
whole() { [ "$(cat /run/whole)" = "$text" ]; }
printf %s "$text" | on client socat -u -b 65536 - UDP4-SENDTO:$FAR:8
check 'in a VRF, nvi: a fragmented datagram arrives whole' wait_for 5 whole
must ip link set br0 nomaster
must iptables -t mangle -F
recipe_down bridge-netfilter
