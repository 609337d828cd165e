# SPDX-License-Identifier: GPL-2.0-only
# Customer NAT at lo and carrier NAT (MASQUERADE) at the uplink, one box, two
# conntrack entries for a connection; replies and ICMP errors through both.
# With the entry kept, the second stage is never evaluated. In IPv6:
# recipe-two-stage-nat6.
# weight: 6
family "${F:-4}"
if [ "$F" = 4 ]; then C=10.0.0. INSIDE=100.64.0.1; else C=fd00:: INSIDE=fd00:64::1; fi
CUSTOMER=${C}2
host client peer
wire box cl0 ${C}1/$LEN client eth0 $CUSTOMER/$LEN
wire box up0 $BOX/$LEN peer eth0 $PEER/$LEN
must $IP -n client route add default via ${C}1
must ip -n peer addr add $FAR/$ALL dev lo
must $IP route add default via $PEER
stock_sysctls
recipe two-stage-nat$SIX CUSTOMERS=${C}0/$LEN CUSTOMER_IF=cl0 INSIDE=$INSIDE UPLINK=up0
capture wire peer eth0
capture client client eth0

# The peer has no route to the customer, nor to INSIDE: it answers the address
# of the uplink.
check 'ping is answered' pings client 3 $FAR
settled wire
is 'on the wire: the address of the uplink' "$(seen wire "$REQUEST and src $BOX and dst $FAR")" 3
is 'and no other' "$(seen wire "($REQUEST or $REPLY) and not host $BOX")" 0
is 'each packet twice through the hole' "$(passed_again)" 6
is 'one entry for the first stage' \
	"$(conntrack -L $CT -w 0 2>/dev/null | grep -c "src=$CUSTOMER dst=$FAR .*src=$FAR dst=$INSIDE ")" 1
is 'one for the second, in its zone' \
	"$(conntrack -L $CT -w 2 2>/dev/null | grep -c "src=$INSIDE dst=$FAR .*src=$FAR dst=$BOX .*zone=2")" 1
is 'and no other' "$(conntrack -L $CT 2>/dev/null | wc -l)" 2
is 'neither waits for a reply' "$(conntrack -L $CT 2>/dev/null | grep -c UNREPLIED)" 0

udp_echo peer $FAR 7
is 'UDP is answered' "$(udp_ask client $FAR 7 hello)" hello
says 'UDP to a closed port: the error finds its way through both' "$(udp_ask client $FAR 9 x 2>&1)" refused
settled client
# tcpdump shows of what an ICMPv6 error is about the destination only.
[ "$F" = 4 ] && sent="$CUSTOMER.* > $FAR.9: " quotes=$PORT_UNREACH ||
	sent="$FAR udp port 9" quotes="$PORT_UNREACH and ip6[56:4] == 0xfd000000 and ip6[68:4] == 2"
is 'and is about what the customer sent' "$(show client "$quotes" | grep -c "$sent")" 1
check 'TCP, 1 MiB to the server' tcp_copy client peer $FAR 5001 1
check 'TCP, 1 MiB from the server' tcp_fetch client peer $FAR 5002 1
is 'both entries have followed the connection to its end' \
	"$(conntrack -L -f ipv$F -p tcp 2>/dev/null | grep -cE 'TIME_WAIT.*(sport|dport)=500[12]')" 4
settled wire
is 'no private source on the wire' "$(seen wire "net ${C}0/$LEN or host $INSIDE")" 0

# Two customers, one source port: each stage keeps them apart.
must ip -n client addr add ${C}3/$LEN dev eth0
is 'first customer' "$(udp_ask client $FAR 7 one bind=$(_host $CUSTOMER):4444)" one
is 'second customer, same port' "$(udp_ask client $FAR 7 two bind=$(_host ${C}3):4444)" two

# The box keeps working: its own loopback traffic is in no zone.
check 'the box talks to itself' pings box 1 $BOX
check 'and to the peer' pings box 1 $PEER

# The entry kept: one entry, and the carrier's rule sees nobody.
must conntrack -F -f ipv$F
reset_ct off
refute 'the entry kept: no answer' pings client 1 $FAR
settled wire
is 'the first stage only: its address is on the wire' "$(seen wire "$REQUEST and src $INSIDE")" 1
is 'the rule of the second is not evaluated' "$(conntrack -L $CT 2>/dev/null | grep -c "dst=$BOX")" 0
