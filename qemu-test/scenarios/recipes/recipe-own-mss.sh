# SPDX-License-Identifier: GPL-2.0-only
# The MSS of the box's own TCP through the hole, with an uplink of 1280 bytes. A
# socket that finds lo announces 65495; an mtu on the route, or TCPMSS in FORWARD
# on the second pass, make it 1240. By a mark set in OUTPUT it never was wrong.
# In IPv6 (recipe-own-mss6): 65476 and 1220; and a path MTU is not learnt.
# weight: 6
topology
family "${F:-4}"
case $F$VIA in
4lo) good=1240 bad=65495 ;;
4*) good=1240 bad=1460 ;;
6lo) good=1220 bad=65476 ;;
6*) good=1220 bad=1440 ;;
esac
must ip link set up0 mtu 1280
stock_sysctls
recipe own-mss$SIX FAR=$FAR UPLINK=up0 SRC=$BOX MTU=1280
capture wire peer eth0
# mss PORT: what the SYN to that port says on the wire.
mss() {
	settled wire
	show wire "src $BOX and tcp dst port $1 and $FLAGS == 2" | sed -n 's/.*mss \([0-9]*\).*/\1/p' | tail -n 1
}
check 'both: 1 MiB to the server' tcp_copy box peer $FAR 5001 1
check 'both: 1 MiB from the server' tcp_fetch box peer $FAR 5002 1
is 'both: the MSS of the SYN' "$(mss 5001)" $good
is 'no segment is over 1280 bytes' "$(seen wire "$(longer 1280)")" 0
# Unsegmented, so there are fewer of them than on the wire.
at_least 'through the hole' "$(passed_again)" 20

if [ $FRONT = nft ]; then must nft delete table $NF unhole-own-mss; else must $IPT -t mangle -F FORWARD; fi
check 'mtu on the route: 1 MiB' tcp_copy box peer $FAR 5003 1
is 'mtu on the route: the MSS of the SYN' "$(mss 5003)" $good

# Without the mtu.
must $IP route change default $([ $F$VIA = 6lo ] && echo nhid 55 || echo dev $VIA) src $BOX table 55
if [ $F$VIA != 6lo ]; then
	check 'neither: 1 MiB arrives, once the path MTU is known' tcp_copy box peer $FAR 5004 1
else
	# IPv6 learns no path MTU for a route by a nexthop object that has no gateway.
	on peer socat -u "TCP6-LISTEN:5004,bind=[$FAR]" OPEN:/run/part,creat &
	server=$!
	wait_for 10 _listens peer t 5004 || must false
	toobig=$(mib Icmp6InPktTooBigs)
	refute 'neither: nothing arrives' sh -c \
		"head -c 100000 /dev/zero | timeout $((2 * ${SLOW:-1})) socat -u - TCP6:[$FAR]:5004"
	at_least 'neither: though the box has been told the path MTU' $(($(mib Icmp6InPktTooBigs) - toobig)) 1
	refute 'neither: the route does not show it' sh -c "ip -6 route get $FAR | grep mtu"
	kill $server
fi
is 'neither: the MSS of the SYN is that of the way' "$(mss 5004)" $bad
must $IP route flush cache

must $IPT -t mangle -A FORWARD -o up0 -p tcp --tcp-flags SYN,RST SYN -j TCPMSS --clamp-mss-to-pmtu
# It is what the server may send. What the box may send is learnt, save in IPv6 by lo.
[ $F$VIA = 6lo ] || check 'TCPMSS: 1 MiB to the server' tcp_copy box peer $FAR 5005 1
check 'TCPMSS: 1 MiB from the server' tcp_fetch box peer $FAR 5005 1
is 'TCPMSS: the MSS of the SYN' "$(mss 5005)" $good
must $IPT -t mangle -F FORWARD
must $IP route flush cache

# By a mark, the socket knows the true route.
must $IP rule del pref 62
must $IP rule add pref 62 fwmark 0x80/0x80 lookup 55
must $IPT -t mangle -A OUTPUT -d $FAR -j MARK --set-xmark 0x80/0x80
[ $VIA = lo ] || must $IPT -t mangle -A $BETWEEN -j MARK --set-xmark 0/0x80
check 'by a mark: 1 MiB' tcp_copy box peer $FAR 5006 1
is 'by a mark: the MSS of the SYN' "$(mss 5006)" $good
