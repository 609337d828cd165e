# SPDX-License-Identifier: GPL-2.0-only
# Customers with the same network, on one box without namespaces, who reach each
# other (and others) by names of their own: customer N is 10.N.0.0/24 to
# everybody else. One call for each customer, N = 1, 2, ...:
#
#   10.0.0.0/24 --- cl1 [box] cl2 --- 10.0.0.0/24
#    "10.1.0.0/24"                     "10.2.0.0/24"
#
#   10.0.0.2 -> 10.2.0.3   in by cl1; customer 1's NAT, on the way into lo
#   10.1.0.2 -> 10.2.0.3   out of lo; these addresses are unique; customer 2's NAT
#   10.1.0.2 -> 10.0.0.3   out by cl2
#
# No rule names two customers: each has a NAT as if it had a router of its own.
#
# N       number of the customer, 1 to 49; its zone, its mark and its routing table
# DEV     its device
# INNER   its network, as it knows it itself
# OUTER   its network, as all others know it
# VIA     lo or an nvi device: see open.sh
# shellcheck shell=sh
set -e
: "${N:=1}" "${VIA:=lo}"
: "${DEV:=cl$N}" "${INNER:=10.0.0.0/24}" "${OUTER:=10.$N.0.0/24}"
cd "$(dirname "$0")"

# Once, for all customers: the way into the hole, and a new entry behind it.
if [ "$N" = 1 ]; then
	AGAIN=reset-ct XMARK=0 . ./open.sh
	sysctl -qw net.ipv4.ip_forward=1
	ip route add default dev "$VIA" table 50
fi

# What the customer sends: in its zone, since others have the same addresses, and
# with its mark on the way into the hole, since POSTROUTING does not know by
# which device a packet came in.
iptables -t raw -A PREROUTING -i "$DEV" -j CT --zone "$N"
iptables -t raw -A PREROUTING -i "$DEV" -j MARK --set-mark "$N"
ip rule add iif "$DEV" lookup 50
iptables -t nat -A POSTROUTING -o "$VIA" -m mark --mark "$N" -j NETMAP --to "$OUTER"

# What others send to the customer goes into the hole as well.
ip route add "$OUTER" dev "$VIA"

# What comes out of the hole for the customer: in its zone again. The mark leads
# to its device, for INNER does not.
iptables -t raw -A PREROUTING -i "$VIA" -d "$OUTER" -j CT --zone "$N"
iptables -t raw -A PREROUTING -i "$VIA" -d "$OUTER" -j MARK --set-mark "$N"
iptables -t nat -A PREROUTING -i "$VIA" -d "$OUTER" -j NETMAP --to "$INNER"
ip route add "$INNER" dev "$DEV" table "$N"
ip rule add iif "$VIA" fwmark "$N" lookup "$N"
