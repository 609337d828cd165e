# SPDX-License-Identifier: GPL-2.0-only
# same-network.sh for IPv6: customers with the same network, on one box without
# namespaces, who reach each other (and others) by names of their own: customer N
# is fd00:0:0:N::/64 to everybody else. One call for each customer, N = 1, 2, ...:
#
#       fd00::/64 --- cl1 [box] cl2 --- fd00::/64
#  "fd00:0:0:1::/64"                   "fd00:0:0:2::/64"
#
#   fd00::2         -> fd00:0:0:2::3   in by cl1; customer 1's NAT, on the way into lo
#   fd00:0:0:1::2   -> fd00:0:0:2::3   out of lo; unique addresses; customer 2's NAT
#   fd00:0:0:1::2   -> fd00::3         out by cl2
#
# N       number of the customer, 1 to 49; its zone, its mark and its routing table
# DEV     its device
# INNER   its network, as it knows it itself
# OUTER   its network, as all others know it
# VIA     lo or an nvi device: see open.sh
# shellcheck shell=sh
set -e
: "${N:=1}" "${VIA:=lo}"
: "${DEV:=cl$N}" "${INNER:=fd00::/64}" "${OUTER:=fd00:0:0:$N::/64}"
cd "$(dirname "$0")"

# Once, for all customers: the way into the hole (a nexthop object: "dev lo" would
# be a route that rejects), and a new entry behind it.
if [ "$N" = 1 ]; then
	IPTABLES=ip6tables AGAIN=reset-ct XMARK=0 . ./open.sh
	sysctl -qw net.ipv6.conf.all.forwarding=1
	ip -6 nexthop add id 50 dev "$VIA"
	ip -6 route add default nhid 50 table 50
fi

# What the customer sends: in its zone, since others have the same addresses, and
# with its mark on the way into the hole, since POSTROUTING does not know by
# which device a packet came in.
ip6tables -t raw -A PREROUTING -i "$DEV" -j CT --zone "$N"
ip6tables -t raw -A PREROUTING -i "$DEV" -j MARK --set-mark "$N"
ip -6 rule add iif "$DEV" lookup 50
ip6tables -t nat -A POSTROUTING -o "$VIA" -m mark --mark "$N" -j NETMAP --to "$OUTER"

# What others send to the customer goes into the hole as well.
ip -6 route add "$OUTER" nhid 50

# What comes out of the hole for the customer: in its zone again. The mark leads
# to its device, for INNER does not.
ip6tables -t raw -A PREROUTING -i "$VIA" -d "$OUTER" -j CT --zone "$N"
ip6tables -t raw -A PREROUTING -i "$VIA" -d "$OUTER" -j MARK --set-mark "$N"
ip6tables -t nat -A PREROUTING -i "$VIA" -d "$OUTER" -j NETMAP --to "$INNER"
ip -6 route add "$INNER" dev "$DEV" table "$N"
ip -6 rule add iif "$VIA" fwmark "$N" lookup "$N"
