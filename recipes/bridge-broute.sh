# SPDX-License-Identifier: GPL-2.0-only
# Some of what crosses a bridge is routed instead: it goes up to layer 3, and
# iptables sees it there. Everything else is bridged as before.
#
#   host --- port [box: BRIDGE] port --- host
#                   up to layer 3, and down again: TTL - 1, the box's MAC
#
# BRIDGE  the bridge; it has an address in the hosts' network, or a route to it
# MATCH   what is routed. ebtables does not track connections: it has to match
#         both directions
# TARGET  how a frame is handed to layer 3: redirect makes it the port's own; DROP
#         hands it over as another host's packet, and layer 3 drops it: bridge.md, B15
# shellcheck shell=sh
set -e
cd "$(dirname "$0")"
. ./bridge-needs.sh
. ./bridge-needs-broute.sh
: "${BRIDGE:=br0}" "${MATCH:=-p IPv4 --ip-proto tcp}" "${TARGET:=redirect}"

need_root
need_tool ip iproute2
need_bridge "$BRIDGE"
need_broute
checked

# These packets are received by the port, which has to forward them. The way back
# leads to the bridge: the port must have no reverse path filter, not even the
# loose one, which is what systemd sets everywhere.
# shellcheck disable=SC2046 # a list of devices
sets_forwarding $(ports "$BRIDGE")
# shellcheck disable=SC2046 # a list of devices
sets_no_rp_filter $(ports "$BRIDGE")

# shellcheck disable=SC2086 # lists of arguments
case $TARGET:$BROUTE in
redirect*) broutes --logical-in "$BRIDGE" $MATCH ;;
*:nft) nft_broutes "--logical-in $BRIDGE $MATCH" ;;
# In BROUTING, DROP means "not bridged".
*) rule "$BROUTE" -t broute -A BROUTING --logical-in "$BRIDGE" $MATCH -j $TARGET ;;
esac
finished
