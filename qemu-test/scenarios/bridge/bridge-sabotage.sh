# SPDX-License-Identifier: GPL-2.0-only
# br_netfilter, and layer 3 behind it: frames for the MAC of the bridge, for a
# multicast MAC, and all frames on a promiscuous bridge go up after the bridge has
# called PREROUTING. They do not cross it again: ip_sabotage_in(). Where that one
# stands aside, on a bridge in a VRF, each packet is counted twice.
# patches: none
# claims: B6
# weight: 6
. /unhole/bridge.sh
bridge_topology
GROUP=239.1.2.3
must ip -n client route add $GROUP dev eth0
know_each_other client $SERVER $BOX
capture server server eth0
packet_types br0 bridge
for p in icmp udp; do
	must iptables -t raw -A PREROUTING -i br0 -p $p -s $CLIENT -m comment --comment "pre-$p"
	must iptables -t mangle -A FORWARD -i br0 -p $p -s $CLIENT -m comment --comment "forward-$p"
	must iptables -t mangle -A INPUT -i br0 -p $p -s $CLIENT -m comment --comment "input-$p"
done
counts() { echo "PREROUTING $(rule_packets "pre-$1") FORWARD $(rule_packets "forward-$1") INPUT $(rule_packets "input-$1")"; }
zero() { must iptables -t raw -Z; must iptables -t mangle -Z; }
# Layer 3 was given this, of a protocol, for an address.
given() { [ "$(types bridge "$@")" = "$want" ]; }
gets() { # WHAT "TYPE DEV COUNT" PROTO ADDRESS
	want=$2
	wait_for 5 given "$3" "$4" || :
	is "$1" "$(types bridge "$3" "$4")" "$2"
}
multicast() { # three datagrams for the group
	for n in 1 2 3; do echo $n | on client socat -u - "UDP4-SENDTO:$GROUP:9"; done
	settled server
}

# Without br_netfilter: layer 3 is given the same, and PREROUTING is its own.
check 'no br_netfilter: the bridge answers' pings client 3 $BOX
gets 'no br_netfilter: layer 3 has them, for this host' '0 br0 3' 1 $BOX
is 'no br_netfilter: the pings to the bridge are counted once' "$(counts icmp)" 'PREROUTING 3 FORWARD 0 INPUT 3'
zero
multicast
gets 'no br_netfilter: layer 3 has the multicast' '2 br0 3' 17 $GROUP
is 'no br_netfilter: it is counted once' "$(counts udp | sed 's/ INPUT.*//')" 'PREROUTING 3 FORWARD 0'
zero
check 'no br_netfilter: the server answers' pings client 3 $SERVER
is 'no br_netfilter: what is bridged, is not counted' "$(counts icmp)" 'PREROUTING 0 FORWARD 0 INPUT 0'

recipe bridge-netfilter
must iptables -t raw -A PREROUTING -m physdev --physdev-in p1 -p icmp -s $CLIENT -m comment --comment phys
zero
check 'for the MAC of the bridge: answered' pings client 3 $BOX
gets 'for the MAC of the bridge: layer 3 has them, for this host' '0 br0 6' 1 $BOX
is 'for the MAC of the bridge: counted once' "$(counts icmp)" 'PREROUTING 3 FORWARD 0 INPUT 3'
is 'and that was in the bridge, which knows the port' "$(rule_packets phys)" 3
zero
was=$(seen server "udp and dst $GROUP")
multicast
gets 'for a multicast MAC: layer 3 has them' '2 br0 6' 17 $GROUP
is 'for a multicast MAC: the other port has them, too' $(($(seen server "udp and dst $GROUP") - was)) 3
is 'for a multicast MAC: PREROUTING once, FORWARD by the bridge' "$(counts udp | sed 's/ INPUT.*//')" 'PREROUTING 3 FORWARD 3'
zero
drops=$(otherhost br0)
check 'bridged: answered' pings client 3 $SERVER
is 'bridged: layer 3 is given nothing' "$(types bridge 1 $SERVER)" ''
is 'bridged: counted once' "$(counts icmp)" 'PREROUTING 3 FORWARD 3 INPUT 0'
must ip link set br0 promisc on
zero
check 'promiscuous: answered' pings client 3 $SERVER
gets 'promiscuous: layer 3 has them, as for another host' '3 br0 3' 1 $SERVER
is 'promiscuous: counted once' "$(counts icmp)" 'PREROUTING 3 FORWARD 3 INPUT 0'
# The three answers of the server go up, too.
is 'promiscuous: layer 3 has dropped them' $(($(otherhost br0) - drops)) 6
must ip link set br0 promisc off

# A bridge in a VRF: the kernel lets the second crossing be, for the VRF's rules.
must ip link add vrf1 type vrf table 10
must ip link set vrf1 up
must ip link set br0 master vrf1
zero
check 'in a VRF: answered' pings client 3 $BOX
is 'in a VRF: each is counted twice, by the bridge and by layer 3' "$(counts icmp | sed 's/ INPUT.*//')" 'PREROUTING 6 FORWARD 0'
must ip link set br0 nomaster
must iptables -t raw -F
recipe_down bridge-netfilter
types_stop bridge
