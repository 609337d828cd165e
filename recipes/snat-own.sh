# SPDX-License-Identifier: GPL-2.0-only
# Clients leave with an address of the box, which they have before the second
# lookup, so policy rules and the true route can depend on it.
#
#   $CLIENTS --- $CLIENT_IF [box] $UPLINK --- next hop
#
# CLIENTS       the clients' network
# CLIENT_IF     where they come in
# UPLINK        where they leave
# SNAT_ADDRESS  an address of the box on the uplink's subnet, PREFIX bits long
# VIA, FRONT, MARK, ...  see open.sh
# shellcheck shell=sh
set -e
: "${CLIENTS:=198.51.100.0/24}" "${CLIENT_IF:=cl0}"
: "${UPLINK:=up0}" "${SNAT_ADDRESS:=192.0.2.9}" "${PREFIX:=24}"
cd "$(dirname "$0")"
NEEDS="$CLIENT_IF $UPLINK" . ./open.sh

forwarding
ip addr add "$SNAT_ADDRESS/$PREFIX" dev "$UPLINK"

# The first lookup leads into the hole, where the source is translated. The
# second one is for the packet as it then is.
snat snat-own "$CLIENTS" "$SNAT_ADDRESS"
DEV=$CLIENT_IF . ./hole-from.sh
