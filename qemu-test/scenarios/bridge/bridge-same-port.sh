# SPDX-License-Identifier: GPL-2.0-only
# br_netfilter and DNAT to a host behind the same port. It fails, for two reasons:
# a bridge does not send a frame out of the port that it came in by; and once it
# does (hairpin), the server answers the client directly, untranslated. Behind
# another port the same rule works. And a hairpin sends broadcasts back, too: a
# switch learns the client at the wrong port.
# patches: none
# claims: B7
# weight: 8
. /unhole/bridge.sh
switch_topology
know_each_other client $SERVER $OUTSIDE
know_each_other server $OUTSIDE $BOX
know_each_other box $SERVER $CLIENT $OUTSIDE
capture server server eth0
capture client client eth0
capture outside outside eth0
says_who server 80 server
says_who outside 80 outside
to_server="tcp[13] == 2 and src $CLIENT and dst $SERVER"
must iptables -t mangle -A FORWARD -p tcp --syn -m comment --comment forwarded

is 'no DNAT: who was asked answers' "$(who client $OUTSIDE 80)" outside

recipe bridge-dnat PUBLIC=$BOX SERVER=$OUTSIDE
is 'DNAT to a host behind the other port: it answers' "$(who client $BOX 80)" outside
settled outside
is 'it is bridged: TTL and MAC are those of the client' "$(ttls outside "tcp[13] == 2 and src $CLIENT and ether src $MAC_CLIENT")" 64
is 'conntrack translates the answer' "$(conntrack -L -p tcp 2>/dev/null | grep -c "dst=$BOX.*src=$OUTSIDE dst=$CLIENT.*ASSURED")" 1
# Since 3.6 a lookup that finds forwarding off does not fail, it finds ip_error().
must sysctl -qw net.ipv4.conf.br0.forwarding=0
errors=$(mib IpInAddrErrors)
is 'bridged or not, DNAT wants forwarding on the bridge: not answered' "$(W=0.5 who client $BOX 80)" -
at_least 'InAddrErrors counts it' $(($(mib IpInAddrErrors) - errors)) 1
must sysctl -qw net.ipv4.conf.br0.forwarding=1
recipe_down bridge-dnat

# The first reason.
recipe bridge-dnat PUBLIC=$OUTSIDE SERVER=$SERVER
must iptables -t mangle -Z
was=$(seen outside 'tcp[13] == 2')
is 'DNAT to a host behind the same port: nobody answers' "$(W=0.5 who client $OUTSIDE 80)" -
settled server
settled outside
at_least 'the rule was met' "$(rule_packets "--to-destination $SERVER")" 1
is 'the bridge does not forward it: FORWARD has not seen it' "$(rule_packets forwarded)" 0
is 'the server has not' "$(seen server "$to_server")" 0
is 'nor the host that was asked' $(($(seen outside 'tcp[13] == 2') - was)) 0

# The second one. A switch that learns nothing at this port, so that there is no
# third one.
must ip -n sw link set s0 type bridge_slave learning off
must ip link set p1 type bridge_slave hairpin on
must conntrack -F
must iptables -t mangle -Z
is 'hairpin: no connection either' "$(W=0.5 who client $OUTSIDE 80)" -
settled server
settled client
at_least 'hairpin: FORWARD has seen it' "$(rule_packets forwarded)" 1
at_least 'hairpin: the server got it' "$(seen server "$to_server")" 1
is 'hairpin: as the client sent it, but for the address' "$(ttls server "$to_server and ether src $MAC_CLIENT")" 64
at_least 'hairpin: the client is answered by the server itself' \
	"$(seen client "tcp[13] == 0x12 and src $SERVER and ether src $MAC_SERVER")" 1
is 'hairpin: it wants no such answer' \
	"$(seen client "tcp[13] == 4 and dst $SERVER")" "$(seen client "tcp[13] == 0x12 and src $SERVER")"
is 'hairpin: conntrack has heard of no answer' \
	"$(conntrack -L -p tcp 2>/dev/null | grep "dst=$OUTSIDE" | grep -c "UNREPLIED. src=$SERVER dst=$CLIENT")" 1
# Both are all of them: SNAT leads the answer over the bridge.
must conntrack -F
must iptables -t nat -A POSTROUTING -d $SERVER -p tcp --dport 80 -j SNAT --to-source $BOX
is 'hairpin and SNAT: answered' "$(who client $OUTSIDE 80)" server
must iptables -t nat -F POSTROUTING

# The switch as it comes.
learnt_at_s0() { [ "$(learnt sw br0 $MAC_CLIENT)" = s0 ]; }
must ip -n sw link set s0 type bridge_slave learning on
# The last connection's end may still be on its way.
learnt_at_s1() { pings client 1 $SERVER && [ "$(learnt sw br0 $MAC_CLIENT)" = s1 ]; }
check 'a switch has learnt the client where it is' wait_for 10 learnt_at_s1
on client arping -q -c 1 -w 1 -I eth0 192.0.2.200
check 'hairpin: after its next broadcast, at the port to the bridge' wait_for 5 learnt_at_s0
must ip link set p1 type bridge_slave hairpin off
must pings client 1 $OUTSIDE
is 'no hairpin: where it is' "$(learnt sw br0 $MAC_CLIENT)" s1
on client arping -q -c 1 -w 1 -I eth0 192.0.2.200
settled client
is 'no hairpin: after a broadcast, too' "$(learnt sw br0 $MAC_CLIENT)" s1
recipe_down bridge-dnat
