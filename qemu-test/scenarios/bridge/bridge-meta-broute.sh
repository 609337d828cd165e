# SPDX-License-Identifier: GPL-2.0-only
# The recipes that hand frames to layer 3, without legacy ebtables: nftables' "meta
# broute" does the same. What they do in the words of ebtables is shown by the other
# scenarios about bridges.
# patches: none
# not on: 6.1: neither its kernel nor its nft knows "meta broute"
# not on: stock-6.1: neither its kernel nor its nft knows "meta broute"
# claims: B2 B10 B11 B14
# weight: 10
. /unhole/bridge.sh
bridge_topology
export BROUTE=nft
# The address that is asked for need not exist; somebody answers ARP for it.
PUBLIC=192.0.2.9
must ip -n server addr add $PUBLIC/32 dev eth0
know_each_other client $SERVER $PUBLIC $BOX
know_each_other server $BOX
capture server server eth0
capture client client eth0
says_who server 80 server
says_who box 8080 box
syn='tcp[13] == 2'
# iptables-nft leaves tables behind that were not there before, empty.
must iptables -t nat -P INPUT ACCEPT
must iptables -P FORWARD ACCEPT
state_of_box >/run/before
# back NAME: it is down, and nothing is left.
back() {
	recipe_down "$1"
	is "$1 down: all as it was before" "$(state_of_box | diff - /run/before | head -n 5)" ''
}

recipe bridge-broute
says 'one rule, in a table of its own' "$(nft list table bridge bridge-broute)" 'meta broute set 1 accept'
is 'broute: answered' "$(who client $SERVER 80)" server
settled server
is 'routed: the TTL is one lower, the MAC is the bridge'"'s" "$(ttls server "$syn and ether src $MAC_BR")" 63
n=$(seen server 'icmp[0] == 8')
check 'a ping is still bridged' pings client 2 $SERVER
settled server
is 'with its TTL and its MAC' "$(($(seen server "icmp[0] == 8 and ether src $MAC_CLIENT") - n)) $(ttls server "icmp[0] == 8 and ether src $MAC_CLIENT")" '2 64'
back bridge-broute
is 'down: bridged again' "$(who client $SERVER 80)" server
settled server
is 'with the TTL of the client' "$(ttls server "$syn and ether src $MAC_CLIENT")" 64
# As another host's packet, layer 3 drops it.
recipe bridge-broute MATCH='-p IPv4 --ip-proto icmp' TARGET=DROP
refute 'TARGET=DROP: no answer' pings client 1 $SERVER -W 0.4
back bridge-broute

recipe bridge-proxy HOW=broute
is 'a proxy: the box answers for the server' "$(who client $SERVER 80)" box
back bridge-proxy

recipe bridge-dnat HOW=broute
must conntrack -F
is 'DNAT, a rule for each direction: answered' "$(who client $PUBLIC 80)" server
settled client
is 'by the address that was asked' "$(seen client "tcp[13] == 0x12 and src $PUBLIC and ether src $MAC_BR")" 1
back bridge-dnat

recipe bridge-hairpin-routed PORT=p1 ASKED=$PUBLIC
must conntrack -F
is 'hairpin, routed: answered' "$(who client $PUBLIC 80)" server
settled server
is "asked by the bridge's MAC and address" "$(seen server "$syn and src $BOX and ether src $MAC_BR")" 1
back bridge-hairpin-routed

# The hosts are behind p2, the network that knows one MAC only behind p1.
recipe bridge-mac-nat-routed PORT=p1 QUIET=broute
must iptables -A FORWARD -i p1 -o br0
must ip -n client neigh flush dev eth0
check 'MAC NAT, routed: a host is answered' pings server 2 $CLIENT
is 'in by the port' "$(rule_packets '-i p1 -o br0')" 2
settled client
is 'nobody is told to send elsewhere' "$(seen client 'icmp[0] == 5')" 0
must iptables -F FORWARD
back bridge-mac-nat-routed
