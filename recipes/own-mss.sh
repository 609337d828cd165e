# SPDX-License-Identifier: GPL-2.0-only
# The box's own TCP where sockets find the route into the hole by themselves (not by a
# mark that is set later): lo's MTU is 65536, so they would announce an MSS of 65495, in
# IPv6 65476 (1460 and 1440 with an nvi device). The route into the hole says better.
#
# FAR      the destination
# UPLINK   the device that leads there
# SRC      the box's address towards it; what leads into the hole has none
# MTU      of the smallest uplink
# VIA, FRONT, MARK, ...   see open.sh
# shellcheck shell=sh
set -e
: "${FAR:=203.0.113.7}" "${UPLINK:=up0}" "${SRC:=192.0.2.1}" "${MTU:=1280}"
cd "$(dirname "$0")"
USES=own BITS=2 NEEDS=$UPLINK OPEN=no FILLS=2 . ./open.sh

# For clients as well: the second pass crosses FORWARD, where the MSS is clamped to what
# its true route can carry. (In IPv6 this is half of it for the box: the far end's MSS
# comes in by INPUT.)
if [ "$FRONT" = nft ]; then
	chains own-mss <<-EOF
		chain forward {
			type filter hook forward priority mangle
			oifname "$UPLINK" tcp flags & (syn | rst) == syn tcp option maxseg size set rt mtu
		}
	EOF
else
	"$IPT" -t mangle -A FORWARD -o "$UPLINK" -p tcp --tcp-flags SYN,RST SYN -j TCPMSS --clamp-mss-to-pmtu
fi

# The first lookup leads into the hole, by a table of its own, since its route is another
# one than other recipes have. The second one leads to main: out of lo by the mark, since
# both have iif lo; out of an nvi device in any case. (In IPv6 the mtu is no luxury with lo:
# the kernel learns no path MTU for a route by a nexthop object that has no gateway, so
# what is too big would be sent again and again.)
if [ "$VIA" = lo ]; then
	hole "$BIT2/$BIT2"
	$IP rule add pref $((PREF + 1)) iif lo fwmark "$BIT2/$BIT2" lookup main
else
	hole
fi
into $((TABLES + 1)) src "$SRC" mtu "$MTU"
$IP rule add pref $((PREF + 2)) iif lo to "$FAR" lookup $((TABLES + 1))
