# SPDX-License-Identifier: GPL-2.0-only
# own-forward.sh for IPv6: the box's own traffic to the net crosses FORWARD, so
# one policy serves clients and the box.
#
#   clients --- [box] UPLINK --- the net
#
# UPLINK   the device that leads to the net
# VIA      lo or an nvi device: see open.sh
# shellcheck shell=sh
set -e
: "${UPLINK:=up0}" "${VIA:=lo}"
cd "$(dirname "$0")"

# Whatever the box sends out by the uplink goes into the hole first, save for
# neighbour discovery: it is valid with hop limit 255 only, and the second lookup
# takes one away. Multicast stays out by itself, its device being part of its
# route.
IPTABLES=ip6tables XMARK=0 . ./open.sh
ip -6 nexthop add id 50 dev "$VIA"
ip -6 route add default nhid 50 table 50
ip -6 rule add fwmark 0x50 lookup 50
ip6tables -t mangle -A OUTPUT -p icmpv6 --icmpv6-type neighbour-solicitation -j RETURN
ip6tables -t mangle -A OUTPUT -p icmpv6 --icmpv6-type neighbour-advertisement -j RETURN
ip6tables -t mangle -A OUTPUT -o "$UPLINK" -j MARK --set-mark 0x50

# The policy, an example. The entry is kept, so the first packet of a connection
# is NEW here as well.
sysctl -qw net.ipv6.conf.all.forwarding=1
ip6tables -P FORWARD DROP
ip6tables -A FORWARD -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT
ip6tables -A FORWARD -o "$UPLINK" -p tcp --dport 25 -j REJECT --reject-with tcp-reset
ip6tables -A FORWARD -o "$UPLINK" -p udp --dport 53 -j REJECT
ip6tables -A FORWARD -o "$UPLINK" -m conntrack --ctstate NEW -j ACCEPT
