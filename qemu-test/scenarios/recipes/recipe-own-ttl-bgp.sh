# SPDX-License-Identifier: GPL-2.0-only
# The box's own eBGP sessions (BIRD on both sides) through the hole, in both
# families, with TTL 1 and with "ttl security" (GTSM). Without the recipe's TTL rules
# the first die on the second pass, and of the others the neighbour hears nothing;
# with them all are established. A session that BIRD calls direct has a socket that
# is bound to the device, and never goes into the hole.
# weight: 9
topology
stock_sysctls
# For each session an address of the neighbour and one of the box: BIRD has but one
# session with an address.
GTSM=192.0.2.3 GTSM6=2001:db8:2::3 DIRECT=192.0.2.4
addresses peer eth0 $GTSM/24,$GTSM6/64,$DIRECT/24
addresses box up0 192.0.2.11/24,2001:db8:2::11/64,192.0.2.12/24
recipe own-ttl FAR=$PEER/31 FAR6=$PEER6/127
must iptables -t mangle -A OUTPUT -d $DIRECT -j MARK --set-xmark 0x80/0x80

session() { # NAME CHANNEL ADDRESS AS NEIGHBOUR AS OPTION
	echo "protocol bgp $1 {
	local $3 as $4; neighbor $5 as $6; $7
	connect delay time 1; connect retry time 2; error wait time 1, 1;
	$2 { import none; export none; };
}"
}
sessions() { # LAST-BYTE THIS-SIDE'S-AS THE-OTHER'S
	echo "router id 192.0.2.$1; protocol device { }"
	while read -r name channel box neighbour gtsm; do
		if [ "$1" = 1 ]; then
			session "$name" "$channel" "$box" 65001 "$neighbour" 65002 "$gtsm"
		else
			session "$name" "$channel" "$neighbour" 65002 "$box" 65001 "passive; $gtsm"
		fi
	done <<-L
		one4 ipv4 $BOX $PEER multihop 1;
		one6 ipv6 $BOX6 $PEER6 multihop 1;
		gtsm4 ipv4 192.0.2.11 $GTSM multihop 1; ttl security on;
		gtsm6 ipv6 2001:db8:2::11 $GTSM6 multihop 1; ttl security on;
		bound ipv4 192.0.2.12 $DIRECT direct;
	L
}
sessions 1 >/run/box.conf
sessions 2 >/run/peer.conf
# states [peer]: of the box's sessions, one a line, or of the peer's. (Asking wakes
# BIRD, too.)
states() { birdc -s /run/${1:-box}.ctl show protocols | awk '$2 == "BGP" { print $1, $6 }' | sort; }
# limits CAPTURE ADDRESS: with which TTLs the box's segments to that have arrived, SYN
# and data. (An ACK that is sent for no socket has 64 in any case.)
limits() {
	case $2 in *:*) _flags='ip6[53]' ;; *) _flags='tcp[13]' ;; esac
	show "$1" "dst $2 and tcp dst port 179 and $_flags & 10 != 0" |
		sed -n 's/.*, ttl \([0-9]*\),.*/\1/p; s/.*hlim \([0-9]*\),.*/\1/p' | sort -nu | tr '\n' ' '
}
# What both sessions that speak say with data is said again, and it is the limit of the
# peer's sockets that drops it. (The first OPEN may pass: BIRD sets the limit after it
# has accepted. Then it is the KEEPALIVE that is repeated.)
said_again() {
	states
	for a in $GTSM $GTSM6; do
		[ "$(seen without "dst $a and tcp dst port 179 and $(longer 60)")" -ge 3 ] || return 1
	done
	[ "$(on peer nstat -asz TcpExtTCPMinTTLDrop | awk '/MinTTL/ { print $2 }')" -ge 4 ]
}

# The hole alone.
for t in iptables,ip,TTL ip6tables,ip6,HL; do
	ipt=${t%%,*} nf=${t#*,} nf=${nf%,*}
	if [ $FRONT = nft ]; then
		must nft list table $nf unhole-own-ttl >/run/rules.$ipt
		must nft flush chain $nf unhole-own-ttl more
		handle=$(nft -a list chain $nf unhole-own-ttl behind | sed -n 's/.* set 255 # handle //p')
		must nft delete rule $nf unhole-own-ttl behind handle $handle
	else
		$ipt-save -t mangle >/run/rules.$ipt
		must sh -c "sed '/-j ${t##*,}/d' /run/rules.$ipt | $ipt-restore"
	fi
done
capture without peer eth0
must on peer bird -c /run/peer.conf -s /run/peer.ctl -P /run/peer.pid
must bird -c /run/box.conf -s /run/box.ctl -P /run/box.pid
check 'without the TTL rules: GTSM: what the box says is dropped, and said again' wait_for 20 said_again
# As the peer has it: what comes before BIRD has set the socket's limit passes, and the
# box may take that for an answer.
is 'without: no session is established, but the direct one' "$(states peer | grep Established)" 'bound Established'
settled without
is 'without: which was never in the hole' "$(limits without $DIRECT)" '1 '
is 'without: TTL 1: nothing arrives' "$(limits without $PEER)$(limits without $PEER6)" ''
at_least 'without: IPv4: its TTL is gone' "$(mib IcmpOutTimeExcds)" 1
at_least 'without: IPv6: its hop limit is' "$(mib Icmp6OutTimeExcds)" 1
is 'without: GTSM: what arrives has 254' "$(limits without $GTSM)$(limits without $GTSM6)" '254 254 '
stop without

for t in iptables,ip ip6tables,ip6; do
	ipt=${t%,*}
	if [ $FRONT = nft ]; then
		must nft delete table ${t#*,} unhole-own-ttl
		must nft -f /run/rules.$ipt
	else
		must $ipt-restore /run/rules.$ipt
	fi
done
capture wire peer eth0
birdc -s /run/box.ctl restart all >/dev/null
birdc -s /run/peer.ctl restart all >/dev/null
established() { [ "$(states | grep -c Established)" = 5 ]; }
check 'with the recipe: every session comes up' wait_for 20 established
is 'with the recipe: birdc shows it' "$(states | tr '\n' ' ')" \
	'bound Established gtsm4 Established gtsm6 Established one4 Established one6 Established '
settled wire
for a in $PEER $PEER6; do is "with the recipe: TTL 1 arrives with 1 at $a" "$(limits wire $a)" '1 '; done
for a in $GTSM $GTSM6; do is "with the recipe: GTSM arrives with 255 at $a" "$(limits wire $a)" '255 '; done
# Neighbour discovery with these addresses is led through the hole, too.
must ip -n peer neigh flush dev eth0
check 'a neighbour that has forgotten the box finds it' pings peer 1 $BOX6
