# SPDX-License-Identifier: GPL-2.0-only
# hole-local.sh and hole-local6.sh with an nvi device: the box's own packets to $FAR
# and $FAR6 are routed into nvi0. A mark leads there. It need not be taken off: the
# second lookup has nvi0 as its input device, which no other lookup has.
# shellcheck shell=sh
set -e
: "${FAR:=203.0.113.7}" "${FAR6:=2001:db8:3::7}"
ip link add nvi0 type nvi
ip link set nvi0 up
ip route add default dev nvi0 table 50
ip rule add fwmark 0x50 lookup 50
ip rule add iif nvi0 lookup main
iptables -t mangle -A OUTPUT -d "$FAR" -j MARK --set-mark 0x50

# IPv6 needs no nexthop object.
ip -6 route add default dev nvi0 table 50
ip -6 rule add fwmark 0x50 lookup 50
ip -6 rule add iif nvi0 lookup main
ip6tables -t mangle -A OUTPUT -d "$FAR6" -j MARK --set-mark 0x50
