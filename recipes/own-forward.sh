# SPDX-License-Identifier: GPL-2.0-only
# The box's own traffic to the net crosses FORWARD, so one policy serves clients
# and the box.
#
#   clients --- [box] UPLINK --- the net
#
# UPLINK   the device that leads to the net
# VIA, FRONT, MARK, ...   see open.sh
# shellcheck shell=sh
set -e
: "${UPLINK:=up0}"
cd "$(dirname "$0")"
USES=own BITS=2 NEEDS=$UPLINK OPEN=no . ./open.sh
forwarding

# BIT1 leads into the hole, BIT2 says behind it, too, that a packet is the box's own.
#
# The policy, an example. The entry is kept, so the first packet of a connection is NEW in
# FORWARD as well. A policy that drops must let the box's own pass: with that, the box has
# what it had.
let_in "$VIA" "$UPLINK" "$BIT2"
if [ "$FRONT" = nft ]; then
	chains own-forward-policy <<-EOF
		chain forward {
			type filter hook forward priority filter
			oifname "$UPLINK" tcp dport 25 reject with tcp reset
			oifname "$UPLINK" udp dport 53 reject
		}
	EOF
else
	"$IPT" -I FORWARD -o "$UPLINK" -p udp --dport 53 -j REJECT
	"$IPT" -I FORWARD -o "$UPLINK" -p tcp --dport 25 -j REJECT --reject-with tcp-reset
fi

# Whatever the box sends out by the uplink goes into the hole first, save for neighbour
# discovery: it is valid with hop limit 255 only, and the second lookup takes one away.
# Multicast and broadcast do not: the kernel takes the source address's device for them,
# or the table "local", and the mark changes nothing.
hole "0/$BIT1"
into "$TABLE"
stay=
[ "$F" = 4 ] || stay='icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } return'
if [ "$FRONT" = nft ]; then
	chains own-forward <<-EOF
		chain output {
			type route hook output priority mangle + 10
			$stay
			oifname "$UPLINK" meta mark set meta mark | $((BIT1 | BIT2))
		}
		chain behind {
			type filter hook postrouting priority mangle
			oifname "$VIA" meta mark set meta mark & $(but "$BIT1")
		}
	EOF
else
	for type in neighbour-solicitation neighbour-advertisement; do
		[ "$F" = 4 ] || "$IPT" -t mangle -A OUTPUT -p icmpv6 --icmpv6-type $type -j RETURN
	done
	"$IPT" -t mangle -A OUTPUT -o "$UPLINK" -j MARK --set-xmark "$((BIT1 | BIT2))/$((BIT1 | BIT2))"
fi
$IP rule add pref "$PREF" fwmark "$BIT1/$BIT1" lookup "$TABLE"
