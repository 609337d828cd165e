# SPDX-License-Identifier: GPL-2.0-only
# A client reaches a server in its own network by the server's public address:
# DNAT, the hole, SNAT, and out by the device that it came in by. The same rules
# serve the world. Without SNAT the server answers the client itself, and the
# client wants none of it.
# kernels: 6.1 6.12 stock
# weight: 9
host lan client server peer
# One network, one switch.
must ip -n lan link add br0 type bridge
must ip -n lan link set br0 up
wire box cl0 198.51.100.1/24 lan p0 -
wire client eth0 198.51.100.2/24 lan p1 -
wire server eth0 198.51.100.9/24 lan p2 -
for p in p0 p1 p2; do must ip -n lan link set $p master br0; done
wire box up0 192.0.2.1/24 peer eth0 192.0.2.2/24
must ip -n client route add default via 198.51.100.1
must ip -n server route add default via 198.51.100.1
must sysctl -qw net.ipv4.ip_forward=1
PUBLIC=192.0.2.80 NAT=192.0.2.9
capture client client eth0
capture server server eth0
capture wire peer eth0

# DNAT alone.
must ip addr add $PUBLIC/24 dev up0
must iptables -t nat -A PREROUTING -d $PUBLIC -j DNAT --to-destination 198.51.100.9
connects() { on client socat -u OPEN:/dev/null TCP4:$PUBLIC:80,connect-timeout=1; }
on server socat -u TCP4-LISTEN:80,fork OPEN:/dev/null &
listener=$!
wait_for 10 _listens server t 80 || must false
refute 'DNAT alone: no connection' connects
settled client
synack='tcp[13] == 0x12 and dst 198.51.100.2'
at_least 'DNAT alone: the server answered, by its own address' "$(seen client "$synack and src 198.51.100.9")" 1
is 'DNAT alone: nothing came from the address that was asked' "$(seen client "$synack and src $PUBLIC")" 0
at_least 'DNAT alone: the client rejects it' "$(seen client 'tcp[13] & 4 != 0 and dst 198.51.100.9')" 1
# The usual way: one more rule, for what goes back, which knows by the device.
must conntrack -F
must iptables -t nat -A POSTROUTING -o cl0 -s 198.51.100.0/24 -j SNAT --to-source $NAT
check 'the usual way: a connection' connects
must iptables -t nat -F
must ip addr del $PUBLIC/24 dev up0
must conntrack -F
kill $listener

stock_sysctls
recipe hairpin
check 'hairpin: answered' pings client 3 $PUBLIC
is 'hairpin: both ways through the hole' "$(stat_unhole unholed)" 6
settled client
settled server
is 'the server sees the public address of the clients' "$(seen server "icmp[0] == 8 and src $NAT and dst 198.51.100.9 and ip[8] == 62")" 3
is 'the client is answered by the address that it asked' "$(seen client "icmp[0] == 0 and src $PUBLIC and dst 198.51.100.2")" 3
is 'nobody is told to send elsewhere' $(($(seen client 'icmp[0] == 5') + $(seen server 'icmp[0] == 5'))) 0
is 'and nothing left by the uplink' "$(seen wire 'icmp')" 0
speaks 'hairpin' client server $PUBLIC 198.51.100.9
# The server by its own public address.
check 'the server reaches itself by it' pings server 2 $PUBLIC

# The same rules, the world.
must ip -n peer addr add $FAR/32 dev lo
must ip route add $FAR via $PEER
speaks 'from the world' peer server $PUBLIC 198.51.100.9
speaks 'a client to the world' client peer $FAR
check 'the server to the world' pings server 3 $FAR
settled wire
is 'the client is known by the NAT address' "$(seen wire "icmp[0] == 8 and src $NAT and dst $FAR")" 3
is 'the server by its own' "$(seen wire "icmp[0] == 8 and src $PUBLIC and dst $FAR")" 3
is 'no private address leaks to the uplink' "$(seen wire 'net 198.51.100.0/24')" 0
