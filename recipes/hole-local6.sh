# SPDX-License-Identifier: GPL-2.0-only
# hole-local.sh for IPv6: the box's own packets to another host are routed into
# loopback. A mark leads there and is taken off when the packet comes out, so
# that the second lookup finds the true route in main.
#
#   [box] uplink --- ... --- $FAR6
#
# FAR6  the host, or the prefix, that they go to
# shellcheck shell=sh
set -e
: "${FAR6:=2001:db8:3::7}"

# A nexthop object: a plain "dev lo" silently becomes a route that rejects.
ip -6 nexthop replace id 50 dev lo
ip -6 route replace default nhid 50 table 50
ip -6 rule add fwmark 0x50 lookup 50
ip6tables -t mangle -A OUTPUT -d "$FAR6" -j MARK --set-mark 0x50
ip6tables -t mangle -A PREROUTING -i lo -j MARK --set-mark 0
