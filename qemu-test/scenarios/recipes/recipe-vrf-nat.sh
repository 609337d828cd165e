# SPDX-License-Identifier: GPL-2.0-only
# NAT between VRFs through the hole: two customers with the same addresses in two
# VRFs, the uplink in a third. lo is in no VRF, so the second lookup is told where
# by the translated source. What the hole does not serve: services of the box in
# another VRF, and replies for sockets that are bound to one; routes to the VRF's
# device do. In IPv6: recipe-vrf-nat6.
# claims: L9
# weight: 11
family "${F:-4}"
host one two peer
# What the rule for replies sees: the port in IPv4, the VRF's device in IPv6.
[ "$F" = 4 ] && from=up0 noroute=IpExtInNoRoutes inaddr=IpInAddrErrors ||
	from=blue noroute=Ip6InNoRoutes inaddr=Ip6InAddrErrors
for v in 'red 10' 'green 11' 'blue 20'; do
	must ip link add ${v% *} type vrf table ${v#* }
	must ip link set ${v% *} up
done
wire box cl1 - one eth0 $CLIENT/$LEN
wire box cl2 - two eth0 $CLIENT/$LEN
wire box up0 - peer eth0 $PEER/$LEN
must ip link set cl1 master red
must ip link set cl2 master green
must ip link set up0 master blue
must ip addr add $BOXCL/$LEN dev cl1
must ip addr add $BOXCL/$LEN dev cl2
must ip addr add $BOX/$LEN dev up0
must ip -n peer addr add $FAR/$ALL dev lo
must $IP -n one route add default via $BOXCL
must $IP -n two route add default via $BOXCL
must $IP route add $FAR via $PEER vrf blue
capture one one eth0
capture two two eth0
capture wire peer eth0

stock_sysctls
recipe vrf-nat$SIX
speaks 'first customer' one peer $FAR
speaks 'second customer' two peer $FAR
for c in one two wire; do settled $c; done
is 'the first leaves with its address' "$(seen wire "$REQUEST and src ${UP}11")" 3
is 'the second with its own' "$(seen wire "$REQUEST and src ${UP}12")" 3
is 'nobody with the address that both have' "$(seen wire "net ${CL}0/$LEN")" 0
is 'replies come back to the first' "$(seen one "$REPLY and src $FAR")" 3
is 'and to the second' "$(seen two "$REPLY and src $FAR")" 3
is 'two connections with one pair of addresses' \
	"$(conntrack -L $CT 2>/dev/null | grep -c "^icmp.*src=$CLIENT dst=$FAR .*zone-orig")" 2

# The same addresses and the same ports.
udp_echo peer $FAR 6
is 'the first asks' "$(udp_ask one $FAR 6 first sourceport=5555)" first
is 'the second asks from the same port, and is answered itself' \
	"$(udp_ask two $FAR 6 second sourceport=5555)" second
settled wire
is 'each with its own source' "$(seen wire "udp and src ${UP}11 and src port 5555") $(seen wire "udp and src ${UP}12 and src port 5555")" '1 1'

# Without the rule for the second lookup it is made in the default VRF, which
# neither knows the way there, nor the way back for the error.
must $IP rule del iif $VIA from ${UP}11
must conntrack -F -f ipv$F
# nvi answers an IPv6 packet without counting it there.
missing() { mib $noroute; }
before=$(missing)
refute 'without a rule for the second lookup: no answer' pings one 1 $FAR -W 1
settled one
is 'it is counted' $(($(missing) - before)) 1
is 'and nobody hears of it' "$(seen one "$UNREACH")" 0
must $IP rule add iif $VIA from ${UP}11 lookup 20 pref 100
check 'with it: answered' pings one 1 $FAR

# The box's own addresses in the customer's VRF are not affected.
unholed=$(passed_again)
check 'the box is reached in the VRF of the customer' pings one 2 $BOXCL
is 'not through the hole' $(($(passed_again) - unholed)) 0

# A service of the box in the uplink's VRF, asked by a customer.
socat -u "UDP$F-RECV:4000,bind=$(_host $BOX),so-bindtodevice=blue" CREATE:/run/got &
wait_for 5 _listens box u 4000 || must false
ask() { on one sh -c "echo $1 | socat -u - UDP$F-SENDTO:$(_host $BOX):4000"; }
errors=$(mib $inaddr) unholed=$(passed_again) local=$([ $VIA = lo ] || nvi_stat $VIA rx_local)
ask hole
_unholed() { [ "$(passed_again)" -gt "$unholed" ]; }
check 'to a service in another VRF: the packet goes through the hole' wait_for 5 _unholed
# By a route to the VRF's device, which looks up again and delivers there.
must $IP route add $BOX dev blue vrf red
ask vrf
check 'by a route to that VRF it is delivered' wait_for 5 grep -q vrf /run/got
refute 'and by the hole it was not' grep -q hole /run/got
if [ $VIA != lo ]; then
	is 'it was received on the device, which is not in that VRF' $(($(nvi_stat $VIA rx_local) - local)) 1
elif [ $PATCHED = 1 ]; then
	is "patched: $inaddr counts it" $(($(mib $inaddr) - errors)) 1
fi

# The box's own traffic, from a socket bound to a customer's VRF.
# Its packets go through the hole; the replies come in by another VRF's device.
must $IPT -t mangle -A OUTPUT -m mark --mark 0x4000000 -j CONNMARK --save-mark
settled wire
wired=$(seen wire "$REPLY and dst ${UP}11")
refute "the box's own, bound to a VRF: no answer" pings box 1 $FAR -I red -m 67108864 -W 1
settled wire
is 'though the reply came' $(($(seen wire "$REPLY and dst ${UP}11") - wired)) 1
must $IP route add default dev red table 110
must $IP rule add iif $from fwmark 0x4000000 lookup 110 pref 99
check "with replies routed to the VRF's device: answered" pings box 2 $FAR -I red -m 67108864
check 'and the customer still is' pings one 2 $FAR
settled wire
is 'all by the same address' $(($(seen wire "$REPLY and dst ${UP}11") - wired)) 5
