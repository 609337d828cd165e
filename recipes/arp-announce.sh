# SPDX-License-Identifier: GPL-2.0-only
# The box answers no ARP for $ADDRESS. This tells its neighbours on $DEV where
# that is. Run it when the link comes up, and from time to time: they forget.
#
# ADDRESS  the address to announce
# DEV      the subnet's device
# NEXTHOP  the neighbour that must know it, if there is one in particular
# shellcheck shell=sh
set -e
: "${DEV:=up0}" "${ADDRESS:=192.0.2.9}" "${NEXTHOP:=}"
cd "$(dirname "$0")"
INSTANCE=$DEV-$ADDRESS VIA=none BITS=0 NEEDS=$DEV TOOLS=arping . ./open.sh

# arping binds to the address that it announces, which is not local.
sysctl -qw net.ipv4.ip_nonlocal_bind=1

# To all. It corrects what a neighbour knows or is asking for; one that knows
# nothing learns nothing (unless its arp_accept is 1).
arping -q -U -c 1 -w 1 -I "$DEV" -s "$ADDRESS" "$ADDRESS"

# To one: a question from the address. Who is asked remembers who asked.
if [ -n "$NEXTHOP" ]; then
	arping -q -c 1 -w 2 -I "$DEV" -s "$ADDRESS" "$NEXTHOP"
fi
