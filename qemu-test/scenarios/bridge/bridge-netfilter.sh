# SPDX-License-Identifier: GPL-2.0-only
# br_netfilter: the bridge calls iptables and goes on bridging. What crosses keeps
# its TTL and its MAC addresses, without ip_forward; routed by broute, it has a TTL
# one lower. With both, what matches the broute rule is routed, the rest goes
# through br_netfilter. No packet goes both ways.
# patches: none
# claims: B3 B4 B5
# weight: 8
. /unhole/bridge.sh
bridge_topology
know_each_other client $SERVER $BOX
capture server server eth0
# What iptables counts in FORWARD, by protocol and receive device.
counters() {
	must iptables -t mangle -F
	for d in br0 p1; do
		must iptables -t mangle -A FORWARD -i $d -o br0 -p icmp --icmp-type 8 -m comment --comment "icmp-$d"
		must iptables -t mangle -A FORWARD -i $d -o br0 -p tcp --syn -m comment --comment "syn-$d"
	done
}
forwarded() { echo "icmp $(rule_packets icmp-br0) $(rule_packets icmp-p1) tcp $(rule_packets syn-br0) $(rule_packets syn-p1)"; }
both() { # two pings and one connection
	counters
	check "$1: a ping is answered" pings client 2 $SERVER
	check "$1: TCP arrives, byte for byte" tcp_copy client server $SERVER 80 1
	settled server
}
syn='tcp[13] == 2' echo='icmp[0] == 8'

is 'ip_forward is off' "$(sysctl -n net.ipv4.ip_forward)" 0
both 'bridge'
is 'bridge: iptables sees nothing (by br0, by p1)' "$(forwarded)" 'icmp 0 0 tcp 0 0'

recipe bridge-netfilter
must iptables -A FORWARD -m physdev --physdev-in p1 --physdev-out p2 --physdev-is-bridged -p tcp --syn -m comment --comment phys
both 'br_netfilter'
is 'br_netfilter: iptables sees both, received by the bridge' "$(forwarded)" 'icmp 2 0 tcp 1 0'
is 'br_netfilter: and knows the ports' "$(rule_packets phys)" 1
is 'br_netfilter: TTL as it was' "$(ttls server "$echo or $syn")" 64
is 'br_netfilter: MAC as it was' "$(seen server "($echo or $syn) and not ether src $MAC_CLIENT")" 0
must iptables -I FORWARD -p icmp -j DROP
refute 'br_netfilter: a rule that drops, drops' pings client 1 $SERVER -W 1
must iptables -D FORWARD -p icmp -j DROP
must sysctl -qw net.bridge.bridge-nf-call-iptables=0
both 'its sysctl 0'
is 'its sysctl 0: iptables sees nothing' "$(forwarded)" 'icmp 0 0 tcp 0 0'
must ip link set br0 type bridge nf_call_iptables 1
both 'the one of the bridge 1'
is 'the one of the bridge 1: iptables sees both' "$(forwarded)" 'icmp 2 0 tcp 1 0'
must ip link set br0 type bridge nf_call_iptables 0
must sysctl -qw net.bridge.bridge-nf-call-iptables=1

# Both at once: TCP matches the broute rule, ICMP does not.
is 'so far nothing came from the MAC of the bridge' "$(seen server "ether src $MAC_BR and ($echo or $syn)")" 0
is 'ip_forward was off all the time' "$(sysctl -n net.ipv4.ip_forward)" 0
recipe bridge-broute
packet_types p1 port
both 'both'
is 'both: TCP is routed, received by the port; ICMP is bridged' "$(forwarded)" 'icmp 2 0 tcp 0 1'
is 'both: the routed SYN has a TTL one lower' "$(ttls server "$syn and ether src $MAC_BR")" 63
is 'both: the pings have theirs, and the MAC of the client' "$(ttls server "$echo and ether src $MAC_CLIENT")" 64
is 'both: no ping was routed' "$(seen server "$echo and ether src $MAC_BR")" 0
is 'both: layer 3 was given no ping' "$(types port 1)" ''
is 'both: nor one packet twice: one SYN routed' "$(seen server "$syn and ether src $MAC_BR")" 1
types_stop port
# Routing wants forwarding, bridging does not.
for p in p1 p2; do must sysctl -qw net.ipv4.conf.$p.forwarding=0; done
n=$(seen server "$syn")
refute 'both, no forwarding: TCP does not arrive' on client socat -u OPEN:/dev/null TCP4:$SERVER:80,connect-timeout=0.5
check 'both, no forwarding: a ping does' pings client 2 $SERVER
settled server
is 'both, no forwarding: no SYN more' $(($(seen server "$syn") - n)) 0
for p in p1 p2; do must sysctl -qw net.ipv4.conf.$p.forwarding=1; done
recipe_down bridge-broute
both 'br_netfilter again'
is 'br_netfilter again: nothing is routed' "$(forwarded)" 'icmp 2 0 tcp 1 0'
must iptables -F
recipe_down bridge-netfilter

# REDIRECT finds the address of the bridge: the receive device is the bridge.
says_who box 8080 box
recipe bridge-proxy HOW=netfilter PORT=81
is 'REDIRECT: the box answers' "$(who client $SERVER 81)" box
recipe_down bridge-proxy
check 'down: br_netfilter is gone' [ ! -d /proc/sys/net/bridge ]
