# SPDX-License-Identifier: GPL-2.0-only
# The box's own packets to a neighbour, through the hole with their TTL as it
# was: eBGP sends with TTL 1, which would die on the second pass, and GTSM (RFC
# 5082) wants 255 to arrive as 255. (A socket that is bound to a device does not go
# into the hole: with BIRD, say "multihop 1", not "direct", which is the default.)
#
# FAR, FAR6   the neighbour
# VIA         lo or an nvi device: see open.sh
# shellcheck shell=sh
set -e
: "${FAR:=192.0.2.2}" "${FAR6:=2001:db8:2::2}" "${VIA:=lo}"
cd "$(dirname "$0")"

# What the box sends to the neighbour goes into the hole. (In IPv6 a route into
# lo wants a nexthop object.)
IPTABLES=iptables XMARK=0x51 . ./open.sh
IPTABLES=ip6tables XMARK=0x51 . ./open.sh
ip route add default dev "$VIA" table 50
ip rule add fwmark 0x50 lookup 50
ip -6 nexthop add id 50 dev "$VIA"
ip -6 route add default nhid 50 table 50
ip -6 rule add fwmark 0x50 lookup 50
iptables -t mangle -A OUTPUT -d "$FAR" -j MARK --set-mark 0x50
ip6tables -t mangle -A OUTPUT -d "$FAR6" -j MARK --set-mark 0x50

# One more before forwarding takes one away. There is no 256, so 255 is mended
# behind it.
iptables -t mangle -A "$CHAIN" "$WAY" "$VIA" -m mark --mark 0x51 -m ttl --ttl-eq 255 -j MARK --set-mark 0x52
iptables -t mangle -A "$CHAIN" "$WAY" "$VIA" -m mark --mark 0x51 -j TTL --ttl-inc 1
iptables -t mangle -A POSTROUTING -m mark --mark 0x52 -j TTL --ttl-set 255
ip6tables -t mangle -A "$CHAIN" "$WAY" "$VIA" -m mark --mark 0x51 -m hl --hl-eq 255 -j MARK --set-mark 0x52
ip6tables -t mangle -A "$CHAIN" "$WAY" "$VIA" -m mark --mark 0x51 -j HL --hl-inc 1
ip6tables -t mangle -A POSTROUTING -m mark --mark 0x52 -j HL --hl-set 255
