# SPDX-License-Identifier: GPL-2.0-only
# Clients leave with addresses of a pool that no subnet of the box holds.
#
#   CLIENTS --- CLIENT_IF [box] UPLINK --- next hop
#
# CLIENTS    the clients' network
# CLIENT_IF  where they come in
# POOL       the addresses that they leave with, as a prefix
# POOL_FROM  the range of POOL to use, as iptables and nft want it
# VIA, FRONT, MARK, ...  see open.sh
#
# The next hop has to know that POOL is behind the box: by a static route
# (snat-pool-nexthop.sh) or by a routing protocol (snat-pool-bird.sh).
# shellcheck shell=sh
set -e
: "${CLIENTS:=198.51.100.0/24}" "${CLIENT_IF:=cl0}"
: "${POOL:=203.0.113.128/28}" "${POOL_FROM:=203.0.113.128-203.0.113.143}"
cd "$(dirname "$0")"
NEEDS=$CLIENT_IF . ./open.sh
forwarding

# Replies are translated before they are routed. What comes for the pool and is
# no reply would go back to the next hop by the default route, and come again.
$IP route add blackhole "$POOL"

snat snat-pool "$CLIENTS" "$POOL_FROM" persistent
DEV=$CLIENT_IF . ./hole-from.sh
