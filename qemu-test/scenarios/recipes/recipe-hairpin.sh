# SPDX-License-Identifier: GPL-2.0-only
# A client reaches a server in its own network by the server's public address:
# DNAT, the hole, SNAT, and out by the device that it came in by. The same rules
# serve the world. Without SNAT the server answers the client itself, and the
# client wants none of it. In IPv6: recipe-hairpin6.
# weight: 9
family "${F:-4}"
host lan client server peer
# One network, one switch.
must ip -n lan link add br0 type bridge
must ip -n lan link set br0 up
wire box cl0 ${CL}1/$LEN lan p0 -
wire client eth0 ${CL}2/$LEN lan p1 -
wire server eth0 ${CL}9/$LEN lan p2 -
for p in p0 p1 p2; do must ip -n lan link set $p master br0; done
wire box up0 $BOX/$LEN peer eth0 $PEER/$LEN
must $IP -n client route add default via ${CL}1
must $IP -n server route add default via ${CL}1
must sysctl -qw $FORWARDING=1
PUBLIC=${UP}80 NAT=${UP}9
capture client client eth0
capture server server eth0
capture wire peer eth0

# DNAT alone.
must ip addr add $PUBLIC/$LEN dev up0
must $IPT -t nat -A PREROUTING -d $PUBLIC -j DNAT --to-destination ${CL}9
connects() { on client socat -u OPEN:/dev/null TCP$F:$(_host $PUBLIC):80,connect-timeout=1; }
on server socat -u TCP$F-LISTEN:80,fork OPEN:/dev/null &
listener=$!
wait_for 10 _listens server t 80 || must false
refute 'DNAT alone: no connection' connects
settled client
synack="tcp and $FLAGS == 0x12 and dst ${CL}2"
at_least 'DNAT alone: the server answered, by its own address' "$(seen client "$synack and src ${CL}9")" 1
is 'DNAT alone: nothing came from the address that was asked' "$(seen client "$synack and src $PUBLIC")" 0
at_least 'DNAT alone: the client rejects it' "$(seen client "tcp and $FLAGS & 4 != 0 and dst ${CL}9")" 1
# The usual way: one more rule, for what goes back, which knows by the device.
must conntrack -F -f ipv$F
must $IPT -t nat -A POSTROUTING -o cl0 -s ${CL}0/$LEN -j SNAT --to-source $NAT
check 'the usual way: a connection' connects
must $IPT -t nat -F
must ip addr del $PUBLIC/$LEN dev up0
must conntrack -F -f ipv$F
kill $listener

stock_sysctls
recipe hairpin$SIX
redirects() { settled client; settled server; echo $(($(seen client "$REDIRECT") + $(seen server "$REDIRECT"))); }
told=$(redirects)
check 'hairpin: answered' pings client 3 $PUBLIC
is 'hairpin: both ways through the hole' "$(passed_again)" 6
settled client
settled server
is 'the server sees the public address of the clients' "$(seen server "$REQUEST and src $NAT and dst ${CL}9 and $TTL == 62")" 3
is 'the client is answered by the address that it asked' "$(seen client "$REPLY and src $PUBLIC and dst ${CL}2")" 3
# Of the usual way, in IPv6, they are told.
is 'nobody is told to send elsewhere' $(($(redirects) - told)) 0
is 'and nothing left by the uplink' "$(seen wire "$REQUEST or $REPLY")" 0
speaks 'hairpin' client server $PUBLIC ${CL}9
# The server by its own public address.
check 'the server reaches itself by it' pings server 2 $PUBLIC

# The same rules, the world.
must ip -n peer addr add $FAR/$ALL dev lo
must $IP route add $FAR via $PEER
speaks 'from the world' peer server $PUBLIC ${CL}9
speaks 'a client to the world' client peer $FAR
check 'the server to the world' pings server 3 $FAR
settled wire
is 'the client is known by the NAT address' "$(seen wire "$REQUEST and src $NAT and dst $FAR")" 3
is 'the server by its own' "$(seen wire "$REQUEST and src $PUBLIC and dst $FAR")" 3
is 'no private address leaks to the uplink' "$(seen wire "net ${CL}0/$LEN")" 0
