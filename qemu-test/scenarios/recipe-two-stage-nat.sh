# SPDX-License-Identifier: GPL-2.0-only
# Customer NAT at lo and carrier NAT (MASQUERADE) at the uplink, one box, two
# conntrack entries for a connection; replies and ICMP errors through both.
# With the entry kept, the second stage is never evaluated.
# kernels: 6.1 6.12 stock
# weight: 6
CUSTOMER=10.0.0.2 INSIDE=100.64.0.1
host client peer
wire box cl0 10.0.0.1/24 client eth0 $CUSTOMER/24
wire box up0 $BOX/24 peer eth0 $PEER/24
must ip -n client route add default via 10.0.0.1
must ip -n peer addr add $FAR/32 dev lo
must ip route add default via $PEER
stock_sysctls
recipe two-stage-nat CUSTOMERS=10.0.0.0/24 CUSTOMER_IF=cl0 INSIDE=$INSIDE UPLINK=up0
capture wire peer eth0
capture client client eth0

# The peer has no route to the customer, nor to INSIDE: it answers the address
# of the uplink.
check 'ping is answered' pings client 3 $FAR
settled wire
is 'on the wire: the address of the uplink' "$(seen wire "icmp[0] == 8 and src $BOX and dst $FAR")" 3
is 'and no other' "$(seen wire "icmp and not host $BOX")" 0
is 'each packet twice through the hole' "$(stat_unhole unholed)" 6
is 'one entry for the first stage' \
	"$(conntrack -L -p icmp -w 0 2>/dev/null | grep -c "src=$CUSTOMER dst=$FAR .*src=$FAR dst=$INSIDE ")" 1
is 'one for the second, in its zone' \
	"$(conntrack -L -p icmp -w 2 2>/dev/null | grep -c "src=$INSIDE dst=$FAR .*src=$FAR dst=$BOX .*zone=2")" 1
is 'and no other' "$(conntrack -L -p icmp 2>/dev/null | wc -l)" 2
is 'neither waits for a reply' "$(conntrack -L -p icmp 2>/dev/null | grep -c UNREPLIED)" 0

udp_echo peer $FAR 7
is 'UDP is answered' "$(udp_ask client $FAR 7 hello)" hello
says 'UDP to a closed port: the error finds its way through both' "$(udp_ask client $FAR 9 x 2>&1)" refused
settled client
is 'and is about what the customer sent' \
	"$(show client 'icmp[0] == 3 and icmp[1] == 3' | grep -c "$CUSTOMER.* > $FAR.9: ")" 1
check 'TCP, 1 MiB to the server' tcp_copy client peer $FAR 5001 1
check 'TCP, 1 MiB from the server' tcp_fetch client peer $FAR 5002 1
is 'both entries have followed the connection to its end' \
	"$(conntrack -L -p tcp 2>/dev/null | grep -cE 'TIME_WAIT.*(sport|dport)=500[12]')" 4
settled wire
is 'no private source on the wire' "$(seen wire "ip and net 10.0.0.0/24 or net 100.64.0.0/10")" 0

# Two customers, one source port: each stage keeps them apart.
must ip -n client addr add 10.0.0.3/24 dev eth0
is 'first customer' "$(udp_ask client $FAR 7 one bind=$CUSTOMER:4444)" one
is 'second customer, same port' "$(udp_ask client $FAR 7 two bind=10.0.0.3:4444)" two

# The box keeps working: its own loopback traffic is in no zone.
check 'the box talks to itself' pings box 1 $BOX
check 'and to the peer' pings box 1 $PEER

# The entry kept: one entry, and the carrier's rule sees nobody.
must conntrack -F
must iptables -t raw -R PREROUTING 2 -i lo -j UNHOLE
before=$(rule_packets MASQUERADE)
refute 'the entry kept: no answer' pings client 1 $FAR
settled wire
is 'the first stage only: its address is on the wire' "$(seen wire "icmp[0] == 8 and src $INSIDE")" 1
is 'the rule of the second sees nothing' "$(rule_packets MASQUERADE)" "$before"
