# SPDX-License-Identifier: GPL-2.0-only
# For scenarios on what the second lookup can lead to: tunnels, IPsec. Sourced after
# lib.sh; uses what family and topology set.
# shellcheck shell=sh disable=SC2034,SC2086,SC2153,SC2154

# into SOURCE: what the client and the box send to FAR is led into $VIA by a mark, leaves
# it with the source SOURCE, and is looked up in table 60 with that. By a mark again: to
# rules, lo is the input device of all that the box sends, errors from SOURCE included.
into() {
	must sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
	stock_sysctls
	if [ $VIA = lo ]; then
		must $IPT -t raw -A PREROUTING -i lo -j UNHOLE
	elif ! [ -d /sys/class/net/$VIA ]; then
		nvi $VIA
	fi
	if [ $F = 6 ]; then
		must ip -6 nexthop replace id 50 dev $VIA
		must ip -6 route add default nhid 50 table 50
	else
		must ip route add default dev $VIA table 50
	fi
	must $IP rule add fwmark 0x50 lookup 50
	must $IPT -t mangle -A PREROUTING -i cl0 -d $FAR -j MARK --set-mark 0x50
	must $IPT -t mangle -A OUTPUT -d $FAR -j MARK --set-mark 0x50
	must $IPT -t mangle -A $BETWEEN -j MARK --set-mark 0x60
	must $IPT -t nat -A POSTROUTING -o $VIA -j SNAT --to-source $1
	must $IP rule add iif $VIA from $1 fwmark 0x60 lookup 60
}

# esp NS [OPTIONS]: the states of a tunnel between BOX and PEER, in both directions.
# policy NS SOURCE DESTINATION DIRECTION [OPTIONS]: what goes by it.
KEYS='auth hmac(sha256) 0x3031323334353637383930313233343536373839303132333435363738393031'
KEYS="$KEYS enc cbc(aes) 0x31323334353637383930313233343536"
esp() {
	_ns=$1
	shift
	must on $_ns ip xfrm state add src $BOX dst $PEER proto esp spi 0x10$F reqid 1 mode tunnel $KEYS "$@"
	must on $_ns ip xfrm state add src $PEER dst $BOX proto esp spi 0x20$F reqid 1 mode tunnel $KEYS "$@"
}
policy() {
	case $1$4 in
	boxout | peerin | peerfwd) _between="src $BOX dst $PEER" ;;
	*) _between="src $PEER dst $BOX" ;;
	esac
	_ns=$1 _dir=$4 _sel="src $2 dst $3"
	shift 4
	must on $_ns ip xfrm policy add $_sel "$@" dir $_dir tmpl $_between proto esp reqid 1 mode tunnel
}

# A tunnel between the box and the peer, over and under: scenarios over-*. Its own
# packets are UDP to port $OUTER.
#
#   client --- cl0 [box] up0 ------- peer: the far end, and 203.0.113.7 behind it
#                        up1 -------
two_uplinks() {
	wire box up1 198.18.1.1/24,2001:db8:22::1/64 peer eth1 198.18.1.2/24,2001:db8:22::2/64
	capture zero box up0
	capture one box up1
	capture client client eth0
}

# tunnel_family 4|6: family, and on top of it the tunnel's ends, the source T that NAT
# gives to what goes through it, and the second uplink's addresses.
tunnel_family() {
	family $1
	if [ $F = 4 ]; then
		T=10.77.0.9 NEAR_END=10.77.0.1 FAR_END=10.77.0.2 BOX1=198.18.1.1 PEER1=198.18.1.2
	else
		T=2001:db8:77::9 NEAR_END=2001:db8:77::1 FAR_END=2001:db8:77::2 BOX1=2001:db8:22::1 PEER1=2001:db8:22::2
	fi
}

# by CAPTURE SOURCE: the tunnel's own packets with this source.
by() { seen $1 "udp and src $2 and dst $PEER and dst port $OUTER"; }

# over: what the client and the box send is passed again, and goes through the tunnel,
# which takes the first uplink.
over() {
	for who in client box; do
		unholed=$(passed_again)
		check "IPv$F, over, $who: answered" pings $who 3 $FAR
		is "IPv$F, over, $who: passed again" $(($(passed_again) - unholed)) 3
		speaks "IPv$F, over, $who" $who peer $FAR
	done
	settled zero
	at_least "IPv$F, over: by the first uplink" "$(by zero $BOX)" 100
	is "IPv$F, over: not by the second" "$(by one $BOX1)" 0
}

# under COMMAND...: the tunnel's own packets, too, are passed again, and leave by the
# second uplink. COMMAND is what leads them into $VIA.
under() {
	must $IPT -t nat -I POSTROUTING -o $VIA -p udp --dport $OUTER -j SNAT --to-source $BOX1
	must $IP rule add iif $VIA from $BOX1 fwmark 0x60 lookup 61
	must $IP route add default via $PEER1 table 61
	must "$@"
	conntrack -F -f ipv$F 2>/dev/null
	settled zero
	sent=$(by zero $BOX) unholed=$(passed_again)
	check "IPv$F, under: answered" pings box 3 $FAR_END
	at_least "IPv$F, under: passed again" $(($(passed_again) - unholed)) 3
	settled one
	at_least "IPv$F, under: by the second uplink, with its source" "$(by one $BOX1)" 3
	for who in client box; do speaks "IPv$F, over and under, $who" $who peer $FAR; done
}

# under_all_the_way: so has all that was sent since.
under_all_the_way() {
	for _c in zero one client; do settled $_c; done
	at_least "IPv$F, over and under: by the second uplink" "$(by one $BOX1)" 100
	is "IPv$F, under: nothing more by the first" $(($(by zero $BOX) - sent)) 0
	is "IPv$F: nothing outside the tunnel" "$(seen zero "host $FAR or host $T") $(seen one "host $FAR or host $T")" '0 0'
	at_least "IPv$F: replies come back to the client" "$(seen client "$REPLY and src $FAR and dst $CLIENT")" 9
}

# wireguard ALLOWED [WORDS...]: a tunnel, wg0 on the box and on the peer, whose port is 51820.
# The peer takes ALLOWED from it; WORDS are wg's, for the box's device. peer_key is what the
# box knows the peer by.
wireguard() {
	_allowed=$1
	shift
	modprobe wireguard 2>/dev/null || :
	umask 077
	wg genkey >/run/box.key
	wg genkey >/run/peer.key
	peer_key=$(wg pubkey </run/peer.key)
	must ip link add wg0 type wireguard
	must on peer ip link add wg0 type wireguard
	must wg set wg0 private-key /run/box.key listen-port 51821 "$@" peer "$peer_key" allowed-ips 0.0.0.0/0,::/0
	must on peer wg set wg0 private-key /run/peer.key listen-port 51820 \
		peer "$(wg pubkey </run/box.key)" allowed-ips "$_allowed"
}
