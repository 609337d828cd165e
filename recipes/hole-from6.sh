# SPDX-License-Identifier: GPL-2.0-only
# hole-from.sh for IPv6: packets that come in by a NIC are routed into loopback, or
# into $VIA (open.sh); the second lookup has that as its input device and finds the
# true route in main.
#
#   client --- $DEV [box] uplink --- the world
#
# DEV  the NIC that they come in by
# shellcheck shell=sh
set -e
: "${DEV:=cl0}" "${VIA:=lo}"

# A nexthop object: a plain "dev lo" silently becomes a route that rejects. (An nvi
# device could do without.)
ip -6 nexthop replace id 50 dev "$VIA"
ip -6 route replace default nhid 50 table 50
ip -6 rule add iif "$DEV" lookup 50
