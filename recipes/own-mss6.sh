# SPDX-License-Identifier: GPL-2.0-only
# own-mss.sh for IPv6: the box's own TCP where sockets find the route into lo by
# themselves (not by a mark that is set later): lo's MTU is 65536, so they would
# announce an MSS of 65476 (1440 with an nvi device). The route into the hole says
# better.
#
# FAR      the destination
# UPLINK   the device that leads there
# SRC      the box's address towards it
# MTU      of the smallest uplink
# VIA      lo or an nvi device: see open.sh
# shellcheck shell=sh
set -e
: "${FAR:=2001:db8:3::7}" "${UPLINK:=up0}" "${SRC:=2001:db8:2::1}" "${MTU:=1280}" "${VIA:=lo}"
cd "$(dirname "$0")"

# The first lookup leads into the hole. The second one leads to main: out of lo by
# the mark, since both have iif lo; out of an nvi device in any case.
IPTABLES=ip6tables XMARK=0x51 . ./open.sh
if [ "$VIA" = lo ]; then
	# The mtu is no luxury: the kernel learns no path MTU for a route by a nexthop
	# object that has no gateway, so what is too big would be sent again and again.
	ip -6 nexthop add id 50 dev lo
	ip -6 route add default nhid 50 src "$SRC" mtu "$MTU" table 50
else
	ip -6 route add default dev "$VIA" src "$SRC" mtu "$MTU" table 50
fi
ip -6 rule add pref 11 iif lo to "$FAR" lookup 50
ip -6 rule add pref 10 iif lo fwmark 0x51 lookup main

# For clients as well: the second pass crosses FORWARD, where the MSS is clamped to
# what its true route can carry. (For the box this is half of it: the far end's MSS
# comes in by INPUT.)
ip6tables -t mangle -A FORWARD -o "$UPLINK" -p tcp --tcp-flags SYN,RST SYN -j TCPMSS --clamp-mss-to-pmtu
