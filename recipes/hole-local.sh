# SPDX-License-Identifier: GPL-2.0-only
# The box's own packets to $FAR are routed into loopback. A mark leads there
# and is taken off when the packet comes out, so that the second lookup, and
# the reverse lookup of rp_filter, find the true route in main.
# shellcheck shell=sh
: "${FAR:?where to: an address or a prefix}"
ip route add default dev lo table 50
ip rule add fwmark 0x50 lookup 50
iptables -t mangle -A OUTPUT -d "$FAR" -j MARK --set-mark 0x50
iptables -t mangle -A PREROUTING -i lo -j MARK --set-mark 0
