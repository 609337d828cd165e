# SPDX-License-Identifier: GPL-2.0-only
# Two customers with the same 10.0.0.0/24 on one box, without namespaces, talk to
# each other: the one's NAT on the way into the hole, the other's behind it. Both
# also reach a third host, from one address and port, kept apart by their zones.
# In IPv6: recipe-same-network6.
# weight: 10
family "${F:-4}"
# The customers' own network, and what it is called outside.
if [ "$F" = 4 ]; then IN=10.0.0. OUT1=10.1.0. OUT2=10.2.0.; else IN=fd00:: OUT1=fd00:0:0:1:: OUT2=fd00:0:0:2::; fi
host c1 c2 peer
wire box cl1 ${IN}1/$LEN c1 eth0 ${IN}2/$LEN,${IN}3/$LEN
wire box cl2 ${IN}1/$LEN c2 eth0 ${IN}2/$LEN,${IN}3/$LEN
wire box up0 $BOX/$LEN peer eth0 $PEER/$LEN
must $IP -n c1 route add default via ${IN}1 src ${IN}2
must $IP -n c2 route add default via ${IN}1 src ${IN}2
must $IP -n peer route add ${OUT1}0/$LEN via $BOX
must $IP -n peer route add ${OUT2}0/$LEN via $BOX
stock_sysctls
recipe same-network$SIX N=1
recipe same-network$SIX N=2
capture one c1 eth0
capture two c2 eth0
capture wire peer eth0

check 'customer 1 pings customer 2' pings c1 3 ${OUT2}3
settled one
settled two
is 'who sees customer 1 by its outer name' "$(seen two "$REQUEST and src ${OUT1}2 and dst ${IN}3")" 3
is 'and is seen by its own' "$(seen one "$REPLY and src ${OUT2}3 and dst ${IN}2")" 3
is 'two entries, one in the zone of each' \
	"$(conntrack -L $CT 2>/dev/null | grep -o "src=${IN}2 dst=${OUT2}3 .*zone=1\|src=${OUT1}2 dst=${OUT2}3 .*src=${IN}3 dst=${OUT1}2 .*zone=2" | wc -l)" 2
is 'and no other' "$(conntrack -L $CT 2>/dev/null | wc -l)" 2
check 'customer 2 pings customer 1, the same host address' pings c2 3 ${OUT1}2
settled one
is 'who sees customer 2 by its outer name' "$(seen one "$REQUEST and src ${OUT2}2 and dst ${IN}2")" 3

udp_echo c1 ${IN}3 7
udp_echo c2 ${IN}3 7
is 'UDP, 1 to 2' "$(udp_ask c1 ${OUT2}3 7 hello)" hello
is 'UDP, 2 to 1' "$(udp_ask c2 ${OUT1}3 7 hello)" hello
says 'an ICMP error finds its way back through both NATs' "$(udp_ask c1 ${OUT2}3 9 x 2>&1)" refused
# The server binds its own address, which for the other is another.
check 'TCP, 1 MiB, 1 to 2, byte for byte' tcp_copy c1 c2 ${OUT2}3 5001 1 ${IN}3
check 'TCP, 1 MiB, 2 to 1, byte for byte' tcp_copy c2 c1 ${OUT1}3 5002 1 ${IN}3

# Both ask a third host, from the same address and port.
udp_echo peer $PEER 7
is 'customer 1 asks a third host' "$(udp_ask c1 $PEER 7 first bind=$(_host ${IN}2):4444)" first
is 'customer 2 does, from the same address and port' "$(udp_ask c2 $PEER 7 second bind=$(_host ${IN}2):4444)" second
settled wire
is "customer 1 is ${OUT1}2 there, with its port" "$(seen wire "udp and src ${OUT1}2 and src port 4444")" 1
is "customer 2 is ${OUT2}2" "$(seen wire "udp and src ${OUT2}2 and src port 4444")" 1
settled one
is 'each has heard its own answer only' "$(seen one "udp and src $PEER and dst port 4444")" 1

# Who is not a customer uses the same names, the box included.
check 'a third host pings customer 1' pings peer 1 ${OUT1}2
check 'the box pings customer 1' pings box 1 ${OUT1}2
check 'the box pings customer 2' pings box 1 ${OUT2}2
is 'the box asks both from one port' "$(udp_ask box ${OUT1}3 7 one sourceport=6666) $(udp_ask box ${OUT2}3 7 two sourceport=6666)" 'one two'
# Each customer has the box as its gateway, by the same address, and asks it from the same
# port: it is answered itself.
udp_echo box ${IN}1 53
for c in c1 c2; do
	check "$c pings its gateway" pings $c 1 ${IN}1
	is "$c asks its gateway" "$(udp_ask $c ${IN}1 53 $c bind=$(_host ${IN}2):7777)" $c
	check "$c: TCP from its gateway" tcp_fetch $c box ${IN}1 5003 1
done

# What the tool makes of it. DNAT is behind the hole, and so is what is told.
check 'unhole-path doctor finds no fault' unhole-path doctor
for how in '' "snat ${OUT1}2 dnat ${IN}3"; do
	says "1 to 2, predicted${how:+, told $how}" "$(unhole-path ${OUT2}3 from ${IN}2 iif cl1 $how | head -n 1)" "leaves by cl2, source ${OUT1}2"
done

# Without the zones the second customer's packet is taken for the first's.
if [ $FRONT = nft ]; then
	for n in 1 2; do must nft flush chain $NF unhole-same-network-$n zones; done
else
	$IPT-save | grep -v 'CT --zone' >/run/no-zones
	must $IPT-restore /run/no-zones
fi
must conntrack -F -f ipv$F
settled wire
before1=$(seen wire "udp and src ${OUT1}2") before2=$(seen wire "udp and src ${OUT2}2")
is 'no zones: customer 1 asks first' "$(udp_ask c1 $PEER 7 third bind=$(_host ${IN}2):5555)" third
is 'no zones: customer 2 is not answered' "$(udp_ask c2 $PEER 7 fourth bind=$(_host ${IN}2):5555 2>/dev/null)" ''
settled wire
is 'both went out as customer 1' $(($(seen wire "udp and src ${OUT1}2") - before1)) 2
is 'none as customer 2' $(($(seen wire "udp and src ${OUT2}2") - before2)) 0
