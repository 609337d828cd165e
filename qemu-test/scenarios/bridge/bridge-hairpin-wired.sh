# SPDX-License-Identifier: GPL-2.0-only
# Hairpin and SNAT on a wired port: the frames that turn round have their
# sender's MAC, the switch learns it at two ports, and what follows is lost. With
# the bridge's MAC in both directions it works. What is flooded turns round, too.
# patches: none
# not on: stock-7.3: it has no legacy ebtables, whose words these are; bridge-meta-broute runs there
# claims: B9
# weight: 12
. /unhole/bridge.sh
. /unhole/bridge-fdb.sh
switch_topology
# What IPv6 says of itself, to multicast, turns round as well, at any time.
for n in client server outside; do must on $n sysctl -qw net.ipv6.conf.all.disable_ipv6=1; done
# Whoever has spoken to somebody probes him five seconds later, and with that the switch
# learns both anew, in the middle of what shall be lost.
for n in client server outside; do must on $n sysctl -qw net.ipv4.neigh.eth0.delay_first_probe_time=600; done
must sysctl -qw net.ipv4.neigh.br0.delay_first_probe_time=600
remember_box
know_each_other client $OUTSIDE $SERVER $BOX
know_each_other server $BOX
know_each_other outside $BOX
capture client client eth0
capture server server eth0
capture uplink sw s0
on server socat TCP4-LISTEN:80,fork,reuseaddr PIPE &
wait_for 10 _listens server t 80 || must false
# asks PORT: the answer to a question from there, within W seconds. What was lost is
# repeated, by which the switch may learn in time where they are: so what shall be lost is
# looked for on the wire, and not told by an answer that does not come.
asks() {
	printf hello | on client timeout $((10 * ${SLOW:-1})) socat -t "${W:-3}" - "TCP4:$OUTSIDE:80,bind=$CLIENT:$1,connect-timeout=${W:-3},readbytes=5" 2>/dev/null
}
# The last attempt left nothing in the switch, and the neighbours are known.
anew() {
	must conntrack -F
	must ip -n sw link set br0 type bridge fdb_flush
	know_each_other client $BOX
	know_each_other server $BOX
	know_each_other outside $BOX
}
SYN='tcp[13] == 2' SYNACK='tcp[13] == 0x12'

# Hairpin, DNAT and SNAT.
brnf_on
must on sw sysctl -qw net.bridge.bridge-nf-call-iptables=0
must bridge link set dev p1 hairpin on
must iptables -t nat -A PREROUTING -d $OUTSIDE -p tcp --dport 80 -j DNAT --to-destination $SERVER
must iptables -t nat -A POSTROUTING -d $SERVER -p tcp --dport 80 -j SNAT --to-source $BOX
anew
errors=$(mib IpInAddrErrors)
is 'without forwarding: no answer' "$(W=0.5 asks 1000)" ''
settled server
is 'the server is not asked' "$(seen server "$SYN and src $BOX")" 0
at_least 'layer 3 has dropped it' $(($(mib IpInAddrErrors) - errors)) 1
must sysctl -qw net.ipv4.conf.br0.forwarding=1
anew
fdb_watch plain sw s1
W=0.5 asks 1001 >/dev/null
know_each_other client $BOX
fdb_settled plain
settled client
settled server
at_least 'the server is asked, by the box' "$(seen server "$SYN and src $BOX and dst $SERVER")" 1
is 'each time with the MAC of the client' "$(seen server "$SYN and src $BOX and not ether src $MAC_CLIENT")" 0
at_least 'the server answers' "$(seen server "$SYNACK and dst $BOX")" 1
at_least "the switch learns the client at the box's port" "$(fdb_moves plain $MAC_CLIENT s0)" 1
at_least "and the server" "$(fdb_moves plain $MAC_SERVER s0)" 1
at_least 'and the client at its own again, when it speaks' "$(fdb_moves plain $MAC_CLIENT s1)" 1
settled uplink
back="$SYNACK and ether dst $MAC_CLIENT and dst port 1001"
at_least 'the switch has dropped what turned round for the client' $(($(seen uplink "$back") - $(seen client "$back"))) 1
# Back to where it began, for the recipe.
must iptables -t nat -F
must bridge link set dev p1 hairpin off
must sysctl -qw net.ipv4.conf.br0.forwarding=0
brnf_off

recipe bridge-hairpin-wired PORT=p1
# The figures of the guide's table.
rules() { ebtables-legacy -t $1 -L --Lx | grep -c -- ' -A '; }
is 'it takes rules, of ebtables and of iptables' "$(($(rules nat) + $(rules filter))) $(iptables-save | grep -c '^-A')" '5 2'
must on sw sysctl -qw net.bridge.bridge-nf-call-iptables=0
anew
fdb_watch recipe sw s1
is 'the recipe: answered' "$(asks 1002)" hello
fdb_settled recipe
settled client
settled server
is "the switch learns neither the client nor the server at the box's port" \
	$(($(fdb_moves recipe $MAC_CLIENT s0) + $(fdb_moves recipe $MAC_SERVER s0))) 0
is 'it reaches them where they are' "$(learnt sw br0 $MAC_CLIENT) $(learnt sw br0 $MAC_SERVER)" 's1 s2'
asked="src $BOX and src port 1002 and dst $SERVER"
at_least 'the server is asked with the MAC of the bridge' "$(seen server "$asked and ether src $MAC_BR")" 3
is 'and no other' "$(seen server "$asked and not ether src $MAC_BR")" 0
answered="src $OUTSIDE and dst $CLIENT and dst port 1002"
at_least 'the client is answered with the MAC of the bridge' "$(seen client "$answered and ether src $MAC_BR")" 3
is 'and no other' "$(seen client "$answered and not ether src $MAC_BR")" 0
is 'bridged, not routed: the TTL is what it was' "$(ttls server "$asked") $(ttls client "$answered")" '64 64'
fdb_watch arp sw s1
refute 'the client asks for an address that nobody has' on client ping -n -q -c 1 -W 0.2 192.0.2.200
fdb_settled arp
is 'which does not turn round' "$(fdb_moves arp $MAC_CLIENT s0)" 0

# Only the frames to the server: its answers still have its own MAC.
must ebtables-legacy -t nat -D POSTROUTING 2
anew
fdb_watch half sw s1
W=0.3 asks 1003 >/dev/null
fdb_settled half
settled uplink
settled server
asked="src $BOX and src port 1003 and dst $SERVER"
at_least 'one direction only: the switch drops what is for the server' $(($(seen uplink "$asked") - $(seen server "$asked"))) 1
is 'one direction only: the client is not learnt twice' "$(fdb_moves half $MAC_CLIENT s0)" 0
at_least 'but the server is' "$(fdb_moves half $MAC_SERVER s0)" 1
must ebtables-legacy -t nat -A POSTROUTING -o p1 -p IPv4 --ip-src $SERVER --ip-proto tcp --ip-sport 80 -j snat --to-src $MAC_BR

# The article has no rule against it.
must ebtables-legacy -t filter -D FORWARD -i p1 -o p1 -j DROP
anew
fdb_watch flood sw s1
refute 'without the filter: the client asks for an address that nobody has' on client ping -n -q -c 1 -W 0.2 192.0.2.201
fdb_settled flood
at_least "which turns round, and the switch learns the client at the box's port" "$(fdb_moves flood $MAC_CLIENT s0)" 1
must ebtables-legacy -t filter -A FORWARD -i p1 -o p1 -j DROP

recipe_down bridge-hairpin-wired
as_before 'down: all as it was before'

# The other tool.
recipe bridge-hairpin-wired PORT=p1 EBTABLES=ebtables-nft
must on sw sysctl -qw net.bridge.bridge-nf-call-iptables=0
anew
fdb_watch nft sw s1
is 'ebtables-nft: answered' "$(asks 1004)" hello
fdb_settled nft
is "ebtables-nft: the switch learns neither at the box's port" \
	$(($(fdb_moves nft $MAC_CLIENT s0) + $(fdb_moves nft $MAC_SERVER s0))) 0
must env EBTABLES=ebtables-nft sh /unhole/recipes/bridge-hairpin-wired.sh down
as_before 'ebtables-nft, down: all as it was before'
