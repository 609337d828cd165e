# SPDX-License-Identifier: GPL-2.0-only
# For scenarios on what the second lookup can lead to: tunnels, IPsec. Sourced after
# lib.sh; uses what family and topology set.
# shellcheck shell=sh disable=SC2034,SC2086,SC2154

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
