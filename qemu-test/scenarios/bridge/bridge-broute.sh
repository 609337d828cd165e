# SPDX-License-Identifier: GPL-2.0-only
# broute with redirect --redirect-target DROP: bridged TCP is routed. Its receive
# device is the port, so REDIRECT finds no address and drops, and DNAT is needed.
# It needs forwarding, at least of the port, and no rp_filter there, not even a loose
# one. Everything else goes on being bridged.
# patches: none
# not on: stock-7.3: it has no legacy ebtables, whose words these are; bridge-meta-broute runs there
# claims: B2
# weight: 8
. /unhole/bridge.sh
bridge_topology
know_each_other client $SERVER $BOX
capture server server eth0
capture client client eth0
# SYNs that went through iptables, by their receive device.
for d in br0 p1 p2; do
	must iptables -t mangle -A FORWARD -i $d -p tcp --syn -m comment --comment "syn-$d"
	must iptables -t mangle -A PREROUTING -i $d -p tcp --syn -m pkttype --pkt-type unicast -m comment --comment "type-$d"
done
packet_types p1 port
packet_types br0 bridge
says_who server 80 server
says_who server 81 server
says_who box 8080 box
syn='tcp[13] == 2'

is 'bridged: answered' "$(who client $SERVER 80)" server
settled server
is 'bridged: the SYN has the TTL and the MAC of the client' "$(ttls server "$syn and ether src $MAC_CLIENT")" 64
is 'bridged: layer 3 was given nothing by the port' "$(types port 6)" ''

# The article's command, and nothing else: forwarding is off.
rule='-p IPv4 --ip-proto tcp -j redirect --redirect-target DROP'
must ebtables-legacy -t broute -A BROUTING $rule
n=$(seen server "$syn")
is 'broute, no ip_forward: not answered' "$(W=0.5 who client $SERVER 80)" -
settled server
is 'broute, no ip_forward: no SYN reaches the server' $(($(seen server "$syn") - n)) 0
at_least 'broute, no ip_forward: layer 3 got it' "$(rule_packets type-p1)" 1
must sysctl -qw net.ipv4.ip_forward=1
is 'broute and ip_forward: answered' "$(who client $SERVER 80)" server
must sysctl -qw net.ipv4.ip_forward=0
must ebtables-legacy -t broute -D BROUTING $rule

recipe bridge-broute
is 'the recipe leaves ip_forward off' "$(sysctl -n net.ipv4.ip_forward)" 0
must iptables -t mangle -Z
n=$(seen server "$syn and ether src $MAC_BR")
is 'broute: answered' "$(who client $SERVER 80)" server
settled server
settled client
is 'broute: one SYN more, from the MAC of the bridge' $(($(seen server "$syn and ether src $MAC_BR") - n)) 1
is 'broute: its TTL is one lower' "$(ttls server "$syn and ether src $MAC_BR")" 63
is 'broute: and that of the answer' "$(ttls client "tcp[13] == 0x12 and ether src $MAC_BR")" 63
is 'broute: FORWARD saw it received by the port' "$(rule_packets syn-p1)" 1
is 'broute: and not by the bridge' "$(rule_packets syn-br0)" 0
is 'broute: as a packet for this host' "$(types port 6 | sed 's/ [0-9]*$//')" '0 p1'
is 'broute: layer 3 was given no TCP by the bridge' "$(types bridge 6)" ''
n=$(seen server 'icmp[0] == 8')
check 'a ping is still bridged' pings client 2 $SERVER
settled server
is 'with its TTL' "$(ttls server "icmp[0] == 8 and ether src $MAC_CLIENT")" 64
is 'and its MAC' $(($(seen server "icmp[0] == 8 and ether src $MAC_CLIENT") - n)) 2
is 'nobody is told to send elsewhere' $(($(seen client 'icmp[0] == 5') + $(seen server 'icmp[0] == 5'))) 0

# A filter of reverse paths: the way to the client leads to the bridge, and the
# port has no address. So the loose filter drops, too.
recipe_down bridge-broute
must ebtables-legacy -t broute -A BROUTING $rule
must sysctl -qw net.ipv4.ip_forward=1
for v in 1 2; do
	must sysctl -qw net.ipv4.conf.p1.rp_filter=$v
	n=$(mib TcpExtIPReversePathFilter)
	is "rp_filter $v on the port: not answered" "$(W=0.5 who client $SERVER 80)" -
	at_least "rp_filter $v: it is the filter that drops" $(($(mib TcpExtIPReversePathFilter) - n)) 1
done
must ip addr add 192.0.2.77/32 dev p1
is 'rp_filter 2, and the port has an address: answered' "$(who client $SERVER 80)" server
must ip addr del 192.0.2.77/32 dev p1
must sysctl -qw net.ipv4.ip_forward=0
must ebtables-legacy -t broute -F
must sysctl -qw net.ipv4.conf.all.rp_filter=1
rp_filters() { sysctl -a 2>/dev/null | grep '^net.ipv4.conf.*\.rp_filter'; }
before=$(rp_filters)
recipe bridge-broute
is 'the recipe takes the filter off the ports: answered' "$(who client $SERVER 80)" server
is 'other devices keep theirs' "$(sysctl -n net.ipv4.conf.br0.rp_filter)" 1
recipe_down bridge-broute
check 'down: all filters are as they were' [ "$(rp_filters)" = "$before" ]
must sysctl -qw net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.p1.rp_filter=0
is 'down: bridged again' "$(who client $SERVER 80)" server

# REDIRECT and DNAT.
must ebtables-legacy -t broute -A BROUTING $rule
must iptables -t nat -A PREROUTING -p tcp --dport 81 -j REDIRECT --to-ports 8080
n=$(rule_packets 'REDIRECT')
is 'REDIRECT: the port has no address, and the packet is dropped' "$(W=0.5 who client $SERVER 81)" -
at_least 'REDIRECT: the rule was met' $(($(rule_packets 'REDIRECT') - n)) 1
must ip addr add 192.0.2.77/32 dev p1
must conntrack -F
is 'REDIRECT: with an address on the port it has one to go to' "$(who client $SERVER 81)" box
must ip addr del 192.0.2.77/32 dev p1
must iptables -t nat -F
must ebtables-legacy -t broute -F
must conntrack -F
recipe bridge-proxy HOW=broute PORT=81
is 'DNAT to the address of the bridge: the box answers' "$(who client $SERVER 81)" box
is 'DNAT: other ports are bridged' "$(who client $SERVER 80)" server
is 'DNAT: one entry, the answer comes from the box' \
	"$(conntrack -L -p tcp --dport 81 2>/dev/null | grep -c "dst=$SERVER.*src=$BOX dst=$CLIENT sport=8080")" 1
recipe_down bridge-proxy
is 'down: the server answers again' "$(who client $SERVER 81)" server

# The other tool cannot: 1.8.9 has no such table, 1.8.11 no redirect in it.
refute 'ebtables-nft cannot' ebtables-nft -t broute -A BROUTING $rule
types_stop port
types_stop bridge
