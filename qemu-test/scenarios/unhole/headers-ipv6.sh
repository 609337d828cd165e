# SPDX-License-Identifier: GPL-2.0-only
# IPv6 packets with extension headers, flow labels and fragments pass through the
# hole, from the box and from a client, and arrive whole: byte for byte what was
# sent, but for the hop limit, which is one lower for each lookup.
# weight: 9
topology
hole_local6
hole_from6 cl0
unhole6
stock_sysctls
capture wire peer eth0

# packet SRC LABEL NEXT HEADERS: UDP to FAR6 behind extension headers (NEXT is the
# first one's number), traffic class 0xb8, hop limit 64, LABEL as its flow label.
packet() {
	_udp=$(udp6 "$1" $FAR6 4000 "$((0x$2))" 'through the hole')
	_all=$(echo "$4$_udp" | tr -d ' ')
	echo "6b8$2 $(printf %04x $((${#_all} / 2)))$3 40 $(hex6 "$1") $(hex6 $FAR6) $_all" | tr -d ' '
}

SEGMENT=$(hex6 $FAR6)
# Label's first digit, number of the first header, headers, what they are.
cat >/run/kinds <<END
1 11 - no extension header
2 00 1100010400000000 hop-by-hop options
3 3c 11001e0401020304 destination options
4 2b 1102020100000000$SEGMENT a routing header of type 2
5 2b 1102040000000000$SEGMENT a routing header of type 4 (SRv6)
6 00 3c000104000000002b000104000000002c02020100000000${SEGMENT}1100000012345678 all of them, and a fragment header
END
# whole NS SRC DIGIT HOPS: each of them from there arrives, with that hop limit.
whole() {
	_before=$(stat_unhole unholed)
	while read -r _d _next _headers _; do
		packet $2 0$_d$3 $_next "${_headers#-}" >/run/sent.$_d
		raw6 "$1" "$(cat /run/sent.$_d)" </dev/null
	done </run/kinds
	settled wire
	is "from the $1: unholed" $(($(stat_unhole unholed) - _before)) 6
	tcpdump -Z root -n -x -r /run/capture.wire/pcap ip6 2>/dev/null |
		awk '/^\t/ { sub(/.*: */, ""); gsub(/ /, ""); printf "%s", $0; next } { print "" } END { print "" }' >/run/arrived
	while read -r _d _next _headers _what; do
		is "from the $1: $_what" "$(grep "^6b80$_d$3" /run/arrived)" \
			"$(sed "s/^\(.\{14\}\)40/\1$4/" /run/sent.$_d)"
	done </run/kinds
}

[ $PATCHED = 0 ] || is 'forwarding is off' "$(sysctl -n net.ipv6.conf.all.forwarding)" 0
whole box $BOX6 b01 3f
# A datagram of 4,000 bytes. The first route's MTU is loopback's: what is made
# here is fragmented by the second pass.
text=$(head -c 3000 /dev/urandom | base64 -w 0)
fragments='ip6 proto 44 and ip6[40] == 17'
# large NS SRC WHAT UNHOLED
large() {
	_before=$(stat_unhole unholed)
	is "$3: a large datagram comes back whole" "$(udp_ask $1 $FAR6 7 "$text" | cksum)" "$(printf %s "$text" | cksum)"
	is "$3: unholed" $(($(stat_unhole unholed) - _before)) "$4"
	settled wire
	is "$3: three fragments on the wire" "$(seen wire "$fragments and src $2 and dst $FAR6 and ip6[0:4] & 0xfff00000 == 0x60000000")" 3
}
udp_echo peer $FAR6 7
large box $BOX6 'from the box' 1
must sysctl -qw net.ipv6.conf.all.forwarding=1
whole client $CLIENT6 c01 3e
large client $CLIENT6 'from a client, fragment by fragment' 3
# Conntrack reassembles them where they come in; they enter loopback as fragments
# again, are not reassembled there (they carry a conntrack entry), and NAT finds no
# port to translate in the later ones.
must ip6tables -t nat -A POSTROUTING -o lo -p udp -s $CLIENT6 -j SNAT --to-source "[2001:db8:2::77]:7000-7100"
must ip -n peer -6 route add 2001:db8:2::77 via $BOX6
must ip6tables -t nat -A POSTROUTING -o lo -s $BOX6 -j SNAT --to-source 2001:db8:2::78
must ip -n peer -6 route add 2001:db8:2::78 via $BOX6
large client 2001:db8:2::77 'from a client, with SNAT' 3
large box 2001:db8:2::78 'from the box, with SNAT' 1
