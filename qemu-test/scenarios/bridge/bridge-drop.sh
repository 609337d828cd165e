# SPDX-License-Identifier: GPL-2.0-only
# Ways to say DROP in BROUTING. Plain DROP hands the frame to layer 3 as another
# host's, which drops it, if bridge and port have different MACs; redirect makes it
# this host's; dnat to the port's MAC equals redirect, to another's plain DROP. The
# packet's type is read behind the bridge, from a packet socket.
# patches: none
# not on: stock-7.3: it has no legacy ebtables, whose words these are; bridge-meta-broute runs there
# claims: B15
# weight: 8
. /unhole/bridge.sh
bridge_topology
know_each_other client $SERVER $BOX
must sysctl -qw net.ipv4.ip_forward=1
capture server server eth0
must iptables -t raw -A PREROUTING -p icmp --icmp-type 8 -m comment --comment icmp
packet_types p1 port

# try DESTINATION RULE...: two pings with this rule, and what became of them.
try() {
	to=$1
	shift
	must ebtables-legacy -t broute -F
	must ebtables-legacy -t broute -A BROUTING -p IPv4 --ip-proto icmp -i p1 -j "$@"
	line=$(wc -l </run/types.port) drops=$(otherhost p1) pre=$(rule_packets icmp)
	sent=$(seen server "$routed")
	answered=$(on client ping -n -q -c 2 -i 0.05 -W "${W:-2}" "$to" | sed -n 's/.* \([0-9]*\) received.*/\1/p')
	# Both have come to layer 3, whatever became of them.
	wait_for 5 given $((line + 2)) || not_ok "$*: layer 3 was not given two packets"
	settled server
	echo "type $(tail -n +$((line + 1)) /run/types.port | cut -d' ' -f1 | sort -u | xargs), PREROUTING $(($(rule_packets icmp) - pre)), otherhost $(($(otherhost p1) - drops)), answered $answered, routed $(($(seen server "$routed") - sent))"
}
given() { [ "$(wc -l </run/types.port)" -ge "$1" ]; }
routed="icmp[0] == 8 and ether src $MAC_BR"
host2='type 0, PREROUTING 2, otherhost 0, answered 2, routed'
other='type 3, PREROUTING 0, otherhost 2, answered 0, routed 0'

# To another host, by way of the bridge.
is 'to the server: DROP' "$(W=0.1 try $SERVER DROP)" "$other"
is 'to the server: redirect' "$(try $SERVER redirect --redirect-target DROP)" "$host2 2"
is 'to the server: dnat to the MAC of the port' "$(try $SERVER dnat --to-dst $MAC_P1 --dnat-target DROP)" "$host2 2"
is 'to the server: dnat to the MAC of the bridge' "$(W=0.1 try $SERVER dnat --to-dst $MAC_BR --dnat-target DROP)" "$other"
is 'to the server: dnat to the MAC of a stranger' "$(W=0.1 try $SERVER dnat --to-dst 02:00:00:00:00:99 --dnat-target DROP)" "$other"

# To the bridge itself: DROP undoes what the bridge has found out.
is 'to the bridge: DROP' "$(W=0.1 try $BOX DROP)" "$other"
is 'to the bridge: redirect' "$(try $BOX redirect --redirect-target DROP)" "$host2 0"
is 'to the bridge: dnat to the MAC of the port' "$(try $BOX dnat --to-dst $MAC_P1 --dnat-target DROP)" "$host2 0"
is 'to the bridge: dnat to the MAC of the bridge' "$(W=0.1 try $BOX dnat --to-dst $MAC_BR --dnat-target DROP)" "$other"

# A multicast MAC is what the article does not speak of: this is neither. The box
# answers, and forwards nothing, since ip_forward() wants a packet for this host.
is 'to the bridge: dnat to the broadcast MAC' "$(try $BOX dnat --to-dst ff:ff:ff:ff:ff:ff --dnat-target DROP)" \
	'type 1, PREROUTING 2, otherhost 0, answered 2, routed 0'
is 'to the server: dnat to the broadcast MAC' "$(W=0.1 try $SERVER dnat --to-dst ff:ff:ff:ff:ff:ff --dnat-target DROP)" \
	'type 1, PREROUTING 2, otherhost 0, answered 0, routed 0'

# The same MAC on bridge and port, as on a bridge that took its MAC from that port.
must ip link set br0 address $MAC_P1
must ip -n client neigh flush dev eth0
check 'same MAC: bridged' sh -c "ebtables-legacy -t broute -F; in-ns client ping -n -q -c 1 -W 2 $BOX"
is 'same MAC, to the bridge: DROP does as redirect does' "$(try $BOX DROP)" "$host2 0"
is 'same MAC, to the server: DROP does not' "$(W=0.1 try $SERVER DROP)" "$other"
types_stop port
must ebtables-legacy -t broute -F

# By the recipe.
must ip link set br0 address $MAC_BR
must ip -n client neigh flush dev eth0
recipe bridge-broute MATCH='-p IPv4 --ip-proto icmp' TARGET=DROP
refute 'the recipe with TARGET=DROP: no answer' pings client 1 $SERVER -W 0.4
recipe_down bridge-broute
recipe bridge-broute MATCH='-p IPv4 --ip-proto icmp'
check 'the recipe as it is: answered' pings client 1 $SERVER
recipe_down bridge-broute
