# SPDX-License-Identifier: GPL-2.0-only
# What scenarios about bridges are written with, on top of lib.sh. A scenario
# says ". /unhole/bridge.sh".
# shellcheck shell=sh

# One network. The bridge br0 of the box has an address in it.
BOX=192.0.2.1 CLIENT=192.0.2.2 SERVER=192.0.2.3 OUTSIDE=192.0.2.9
# MAC addresses that can be told apart in a capture. br0's is no port's.
MAC_BR=02:00:00:00:00:b0 MAC_P1=02:00:00:00:01:b0 MAC_P2=02:00:00:00:02:b0
MAC_CLIENT=02:00:00:00:00:02 MAC_SERVER=02:00:00:00:00:03 MAC_OUTSIDE=02:00:00:00:00:09

# bridge_in NS BR MAC [ADDR]: a bridge, up, with a MAC address of its own, which
# it keeps whatever ports it gets.
bridge_in() {
	must ip -n "$1" link add "$2" address "$3" type bridge mcast_snooping 0
	addresses "$1" "$2" "${4:--}"
}

# port NS BR PORT PORTMAC NS2 IF2 ADDR2 MAC2: a cable from a port of a bridge to
# a host (or to another bridge: ADDR2 -). MAC - leaves the one that it has.
port() {
	wire "$1" "$3" - "$5" "$6" "$7"
	[ "$4" = - ] || must ip -n "$1" link set "$3" address "$4"
	[ "$8" = - ] || must ip -n "$5" link set "$6" address "$8"
	must ip -n "$1" link set "$3" master "$2"
	wait_for 10 forwards "$1" "$3" || must false
}
forwards() { ip -n "$1" -d link show "$2" | grep -q 'state forwarding'; }

# An ebtables that this kernel has; legacy ebtables is on its way out.
EBT=ebtables-legacy
$EBT -t nat -L >/dev/null 2>&1 || EBT=ebtables-nft

# ip -n takes the box for a namespace, too.
ip_netns_box() {
	[ -e /run/netns/box ] || must ip netns attach box $$
}

# bridge_topology: the box is a bridge between two hosts.
#
#   client 192.0.2.2 --- p1 [box: br0 192.0.2.1] p2 --- server 192.0.2.3
bridge_topology() {
	ip_netns_box
	host client server
	bridge_in box br0 $MAC_BR $BOX/24
	port box br0 p1 $MAC_P1 client eth0 $CLIENT/24 $MAC_CLIENT
	port box br0 p2 $MAC_P2 server eth0 $SERVER/24 $MAC_SERVER
}

# switch_topology: client and server are behind the same port, at a switch,
# which is another bridge.
#
#   client 192.0.2.2 --- s1 [sw: br0] s0 --- p1 [box: br0 192.0.2.1] p2 --- outside 192.0.2.9
#   server 192.0.2.3 --- s2
switch_topology() {
	ip_netns_box
	host sw client server outside
	bridge_in sw br0 02:00:00:00:00:55
	bridge_in box br0 $MAC_BR $BOX/24
	port sw br0 s1 - client eth0 $CLIENT/24 $MAC_CLIENT
	port sw br0 s2 - server eth0 $SERVER/24 $MAC_SERVER
	port box br0 p1 $MAC_P1 sw s0 - -
	must ip -n sw link set s0 master br0
	wait_for 10 forwards sw s0 || must false
	port box br0 p2 $MAC_P2 outside eth0 $OUTSIDE/24 $MAC_OUTSIDE
}

# know_each_other NS ADDRESS...: ARP and the bridges' tables are filled, both ways,
# so that what is counted after this is not ARP.
know_each_other() {
	_k=$1
	shift
	for _a in "$@"; do must pings "$_k" 1 "$_a" >/dev/null; done
}

# recipe_down NAME: what the recipe has changed is put back.
recipe_down() { must sh "/unhole/recipes/$1.sh" down; }

# who NS ADDRESS PORT: what a TCP server says; - if there is no connection within
# W seconds.
who() {
	_w=$(on "$1" timeout $((10 * ${SLOW:-1})) socat -u "TCP4:$2:$3,connect-timeout=${W:-3}" - 2>/dev/null)
	echo "${_w:--}"
}
# says_who NS PORT TEXT: a server that says TEXT to whoever connects.
says_who() {
	on "$1" socat "TCP4-LISTEN:$2,fork,reuseaddr" SYSTEM:"echo $3" &
	wait_for 10 _listens "$1" t "$2" || must false
}

# learnt NS BR MAC: by which port a bridge reaches an address; - if it knows none.
learnt() {
	bridge -n "$1" fdb show br "$2" | awk -v m="$3" '$1 == m { p = $3 } END { print p ? p : "-" }'
}

# ttls NAME FILTER: the TTLs that the captured packets have, each once.
ttls() {
	tcpdump -Z root -n -v -r "/run/capture.$1/pcap" "$2" 2>/dev/null |
		sed -n 's/.*ttl \([0-9]*\),.*/\1/p' | sort -un | xargs
}

# packet_types DEV NAME: from now on, what layer 3 is given on DEV: the packet's
# type in the kernel (0 host, 1 broadcast, 2 multicast, 3 otherhost) and the
# device. A packet socket for IPv4 only stands beside ip_rcv() and behind the
# bridge; tcpdump's, for all protocols, stands before both. types NAME [PROTO [DST]]:
# what it has seen, "TYPE DEV COUNT" each (PROTO 6 TCP, 17 UDP, 1 ICMP).
packet_types() {
	python3 -u -c '
import socket, sys
s = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(0x0800))
s.bind((sys.argv[1], 0x0800))
print("listening")
while True:
	try: data, a = s.recvfrom(65536)
	except OSError: continue # the device was down, once
	if a[2] != 4: print(a[2], a[0], data[9], socket.inet_ntoa(data[16:20]))
' "$1" >"/run/types.$2" &
	echo $! >"/run/types.$2.pid"
	wait_for 20 grep -q listening "/run/types.$2" || must false
}
types() {
	awk -v p="${2-}" -v d="${3-}" 'NF == 4 && (p == "" || $3 == p) && (d == "" || $4 == d) { n[$1 " " $2]++ }
		END { for (k in n) print k, n[k] }' "/run/types.$1" | sort
}
types_stop() { kill "$(cat "/run/types.$1.pid")"; }

# otherhost DEV: packets that layer 3 has dropped since they are for another host.
otherhost() {
	ip -j -s -s link show "$1" | grep -o '"otherhost":[0-9]*' | grep -o '[0-9]*$' || echo 0
}

# brnf_on, brnf_off: br_netfilter, for this scenario only. It is the kernel's, not
# the namespace's: it must not be there for the next scenario.
brnf_on() { must modprobe br_netfilter; }
# rmmod: "modprobe -r" would unload bridge with it where that is a module, and with
# that all bridges.
brnf_off() { rmmod xt_physdev 2>/dev/null; must rmmod br_netfilter; }
brnf_loaded() { [ -d /proc/sys/net/bridge ]; }

# state_of_box: everything that a recipe may change, as text, to be compared. The
# ports' counters and the neighbours' ages are not in it.
state_of_box() {
	for _t in filter nat broute; do
		[ $EBT = ebtables-nft ] || { echo "ebtables $_t"; $EBT -t $_t -L --Lx; }
	done
	# ebtables-nft leaves empty chains behind.
	echo 'ebtables-nft'
	nft list ruleset bridge | sed 's/counter packets [0-9]* bytes [0-9]*//' | grep -vE '^table |^	chain |^		type |^	*}|^$'
	iptables-save | grep -v '^#' | sed 's/\[[0-9]*:[0-9]*\]//'
	ip6tables-save | grep -v '^#' | sed 's/\[[0-9]*:[0-9]*\]//'
	ip -d link show | sed 's/[a-z_]*timer *[0-9.]*//g; s/fdb_n_learned [0-9]*//'
	ip addr
	ip rule
	ip route show table all
	_t='/proc/sys/net/ipv4/ip_forward /proc/sys/net/ipv4/conf'
	! brnf_loaded || _t="$_t /proc/sys/net/bridge"
	# shellcheck disable=SC2086 # a list
	grep -r . $_t
	lsmod | awk '/^br_netfilter/ { print $1 }'
}

# counted [ip6tables]: the comments that rules in mangle end in, and what each has seen.
# Those that have seen nothing are left out.
counted() { "${1:-iptables}-save" -c -t mangle | sed -n 's/^.\([1-9][0-9]*\):.* --comment \([a-z0-9-]*\)$/\2 \1/p'; }
