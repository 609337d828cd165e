# SPDX-License-Identifier: GPL-2.0-only
# Frames that broute has taken to layer 3 are routed into lo, or to nvi, which sees
# the port as their receive device. And MAC NAT, by rules for each host or with layer
# 3 carrying in, beside a flow of the same host that is routed twice.
# claims: B2 B12 B13 L9 L10
# weight: 10
. /unhole/bridge.sh
. /unhole/bridge-mac.sh
mac_topology
FAR=203.0.113.7
must ip -n outside addr add $FAR/32 dev lo
must ip -n vm1 route add default via $BOX
# One has the box for its next hop, the other a host beyond the bridge, at a MAC that
# it knows.
must ip -n vm2 route add $FAR via $OUTSIDE
must ip -n vm2 neigh replace $OUTSIDE lladdr $MAC_OUTSIDE dev eth0 nud permanent
must ip route add $FAR via $OUTSIDE
stock_sysctls
must sysctl -qw net.ipv4.ip_forward=0 net.ipv4.conf.br0.forwarding=1
[ $PATCHED = 1 ] || must sysctl -qw net.ipv4.conf.lo.forwarding=1
unhole
nvi nvi0
for d in lo nvi0; do must iptables -t nat -A POSTROUTING -o $d -d $FAR -j SNAT --to-source $BOX; done
capture outside outside eth0
capture vm1 vm1 eth0
for d in br0 p1 p3 lo nvi0; do
	must iptables -t mangle -A PREROUTING -i $d -p icmp --icmp-type 8 -m comment --comment "pre-$d"
	for o in lo nvi0 br0; do must iptables -t mangle -A FORWARD -i $d -o $o -p icmp --icmp-type 8 -m comment --comment "forward-$d-$o"; done
done
ask="icmp[0] == 8 and src $BOX and dst $FAR and ip[8] == 62 and ether src $MAC_BR"
# flow WHAT HOST COUNTS: three pings, routed twice.
flow() {
	must conntrack -F
	must iptables -t mangle -Z
	settled outside
	n=$(seen outside "$ask")
	check "$1: none is lost" pings "$2" 3 $FAR
	settled outside
	is "$1: each once, by the address and the MAC of the bridge" $(($(seen outside "$ask") - n)) 3
	is "$1: by these devices" "$(counted | sort | xargs)" "$3"
	is "$1: one entry" "$(conntrack -L -p icmp 2>/dev/null | grep -c .)" 1
}

# vm2's frames are for the MAC of outside: without broute the bridge would send them
# on, and the switch would drop them for their MAC.
refute 'no broute: not answered' on vm2 ping -n -q -c 1 -W 0.3 $FAR
recipe bridge-broute MATCH="-p IPv4 --ip-dst $FAR"
must ip rule add iif p3 to $FAR lookup 50
must ip route add default dev lo table 50
flow 'broute, UNHOLE' vm2 'forward-lo-br0 3 forward-p3-lo 3 pre-lo 3 pre-p3 3'
must ip route replace default dev nvi0 table 50
flow 'broute, nvi' vm2 'forward-p3-br0 3 forward-p3-nvi0 3 pre-p3 3'
must ip route flush table 50
must ip rule del iif p3 to $FAR lookup 50
recipe_down bridge-broute

# MAC NAT: bridged. And FAR by way of the box, twice.
must ip rule add iif br0 to $FAR lookup 50
both() { # WHAT TTL-OF-BRIDGED-ANSWERS
	for d in lo nvi0; do
		must ip route replace default dev $d table 50
		counts='forward-br0-lo 3 forward-lo-br0 3 pre-br0 3 pre-lo 3'
		[ $d = lo ] || counts='forward-br0-br0 3 forward-br0-nvi0 3 pre-br0 3'
		flow "$1, $d" vm1 "$counts"
		# At once: each has its own.
		must iptables -t mangle -Z
		on vm1 ping -n -q -c 3 -i 0.05 -W 2 $OUTSIDE >/run/ping &
		p=$!
		check "$1, $d: both at once: routed twice" pings vm1 3 $FAR
		wait $p
		is "$1, $d: both at once: bridged" $? 0
		is "$1, $d: both at once: by these devices" "$(counted | sort | xargs)" "$counts"
	done
	settled outside
	settled vm1
	is "$1: the one is bridged, with the MAC of the bridge" "$(ttls outside "icmp and src $VM1 and ether src $MAC_BR")" 64
	is "$1: its answers" "$(ttls vm1 "icmp[0] == 0 and src $OUTSIDE and ether dst $MAC_VM1")" "$2"
	is "$1: the other shows no host" "$(seen outside "dst $FAR and not src $BOX")" 0
	is "$1: no MAC of a host" "$(seen outside "ether src $MAC_VM1")" 0
}
recipe bridge-mac-nat HOSTS="$VM1=$MAC_VM1"
both 'MAC NAT' 64
recipe_down bridge-mac-nat
recipe bridge-mac-nat-routed
both 'MAC NAT, routed in' '63 64'
# A hole for all that the bridge receives takes the answers that layer 3 carries in,
# too: they are routed twice, and pass.
must ip rule add iif br0 lookup 50 pref 900
n=$(seen vm1 "icmp[0] == 0 and src $OUTSIDE and ip[8] == 62")
check 'a hole for all of the bridge: answered' pings vm1 2 $OUTSIDE
settled vm1
is 'the answers lose two of their TTL' $(($(seen vm1 "icmp[0] == 0 and src $OUTSIDE and ip[8] == 62") - n)) 2
recipe_down bridge-mac-nat-routed
