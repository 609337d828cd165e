# SPDX-License-Identifier: GPL-2.0-only
# DNAT on a bridge: what is sent to PUBLIC, and crosses the bridge on its way,
# goes to SERVER.
#
#   client --- port [box: BRIDGE] port --- PUBLIC, SERVER
#
# SERVER must be behind another port than the client: see bridge.md, B7 to B10.
#
# BRIDGE  the bridge
# PUBLIC  the address that clients ask for; it need not exist, but then somebody
#         has to answer ARP for it
# SERVER  who gets it
# PORT    which TCP port of it
# HOW     netfilter: br_netfilter shows both directions to iptables, and
#         connection tracking translates the answers.
#         broute: it tracks nothing. One rule for each direction, and what
#         they match is routed: it needs forwarding
# shellcheck shell=sh
set -e
cd "$(dirname "$0")"
. ./bridge-needs.sh
. ./bridge-needs-broute.sh
: "${BRIDGE:=br0}" "${PUBLIC:=192.0.2.9}" "${SERVER:=192.0.2.3}" "${PORT:=80}" "${HOW:=netfilter}"

need_root
need_tool ip iproute2
need_tool iptables iptables
need_bridge "$BRIDGE"
case $HOW in
netfilter) need_br_netfilter ;;
broute) need_broute ;;
*) missing "HOW is netfilter or broute, not '$HOW'" ;;
esac
checked

if [ "$HOW" = netfilter ]; then
	loads_br_netfilter
	# The packet stays on the bridge, but the way to SERVER is looked up as for a
	# packet that is forwarded. Without this it is dropped.
	sets_forwarding "$BRIDGE"
else
	# What broute hands over is received by the port.
	# shellcheck disable=SC2046 # a list of devices
	sets_forwarding $(ports "$BRIDGE")
	# shellcheck disable=SC2046 # a list of devices
	sets_no_rp_filter $(ports "$BRIDGE")
	broutes --logical-in "$BRIDGE" -p IPv4 --ip-proto tcp --ip-dst "$PUBLIC" --ip-dport "$PORT"
	broutes --logical-in "$BRIDGE" -p IPv4 --ip-proto tcp --ip-src "$SERVER" --ip-sport "$PORT"
fi
rule iptables -t nat -A PREROUTING -d "$PUBLIC" -p tcp --dport "$PORT" -j DNAT --to-destination "$SERVER"
finished
