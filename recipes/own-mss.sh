# SPDX-License-Identifier: GPL-2.0-only
# The box's own TCP where sockets find the route into lo by themselves (not by a
# mark that is set later): lo's MTU is 65536, so they would announce an MSS of
# 65495 (1460 with an nvi device). The route into the hole says better.
#
# FAR      the destination
# UPLINK   the device that leads there
# SRC      the box's address towards it; lo has none
# MTU      of the smallest uplink
# VIA      lo or an nvi device: see open.sh
# shellcheck shell=sh
set -e
: "${FAR:=203.0.113.7}" "${UPLINK:=up0}" "${SRC:=192.0.2.1}" "${MTU:=1280}" "${VIA:=lo}"
cd "$(dirname "$0")"

# The first lookup leads into the hole. The second one leads to main: out of lo by
# the mark, since both have iif lo; out of an nvi device in any case.
XMARK=0x51 . ./open.sh
ip route add default dev "$VIA" src "$SRC" mtu "$MTU" table 50
ip rule add pref 11 iif lo to "$FAR" lookup 50
ip rule add pref 10 iif lo fwmark 0x51 lookup main

# Or, for clients as well: the second pass crosses FORWARD, where the MSS is
# clamped to what its true route can carry.
iptables -t mangle -A FORWARD -o "$UPLINK" -p tcp --tcp-flags SYN,RST SYN -j TCPMSS --clamp-mss-to-pmtu
