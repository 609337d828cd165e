# SPDX-License-Identifier: GPL-2.0-only
# Several uplinks: whatever belongs to a connection (replies, ICMP errors) leaves
# by the uplink that the connection began on, of clients and of the box itself.
#
#                   UP1 --- GW1, GW1_6
#   CLIENT_IF [box]
#                   UP2 --- GW2, GW2_6
#
# VIA   lo or an nvi device: see open.sh
#
# The uplink is noted in the connection's mark, once. What has such a mark goes
# into the hole; behind it the entry is still there, and one rule for all makes
# its mark choose the uplink. An ICMP error that the kernel makes has the entry of
# the packet that it is about, so it needs no rule of its own.
# shellcheck shell=sh
set -e
: "${CLIENT_IF:=cl0}" "${VIA:=lo}"
: "${UP1:=up1}" "${GW1:=192.0.2.2}" "${GW1_6:=2001:db8:2:1::2}"
: "${UP2:=up2}" "${GW2:=192.0.2.130}" "${GW2_6:=2001:db8:2:2::2}"

cd "$(dirname "$0")"
sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
IPTABLES=iptables XMARK=0 . ./open.sh
IPTABLES=ip6tables XMARK=0 . ./open.sh
ip route add default dev "$VIA" table 50
ip -6 nexthop add id 50 dev "$VIA"
ip -6 route add default nhid 50 table 50
ip route add default via "$GW1" dev "$UP1" table 101
ip route add default via "$GW2" dev "$UP2" table 102
ip -6 route add default via "$GW1_6" dev "$UP1" table 101
ip -6 route add default via "$GW2_6" dev "$UP2" table 102

for family in -4 -6; do
	# What main has better than a default route for (clients, neighbours)
	# has no uplink to choose.
	ip $family rule add pref 100 lookup main suppress_prefixlength 0
	ip $family rule add pref 101 fwmark 0x50 lookup 50
	ip $family rule add pref 102 iif "$VIA" fwmark 1 lookup 101
	ip $family rule add pref 103 iif "$VIA" fwmark 2 lookup 102
done

for ipt in iptables ip6tables; do
	# Noted where a connection begins, from outside or from inside.
	$ipt -t mangle -A PREROUTING -i "$UP1" -m connmark --mark 0 -j CONNMARK --set-mark 1
	$ipt -t mangle -A PREROUTING -i "$UP2" -m connmark --mark 0 -j CONNMARK --set-mark 2
	$ipt -t mangle -A POSTROUTING -o "$UP1" -m connmark --mark 0 -j CONNMARK --set-mark 1
	$ipt -t mangle -A POSTROUTING -o "$UP2" -m connmark --mark 0 -j CONNMARK --set-mark 2

	# Into the hole, and out of it with the mark of the connection.
	$ipt -t mangle -A PREROUTING -i "$CLIENT_IF" -m connmark ! --mark 0 -j MARK --set-mark 0x50
	$ipt -t mangle -A OUTPUT -m connmark ! --mark 0 -j MARK --set-mark 0x50
	$ipt -t mangle -A "$CHAIN" "$WAY" "$VIA" -j CONNMARK --restore-mark
done
