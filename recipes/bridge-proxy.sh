# SPDX-License-Identifier: GPL-2.0-only
# A transparent proxy on a bridge: connections that cross it to TCP port PORT, of
# whatever host, end at a service of the box itself.
#
#   client --- port [box: BRIDGE, ADDRESS, proxy on PROXY_PORT] port --- servers
#
# BRIDGE      the bridge
# ADDRESS     the box's address on it
# PORT        the port that is intercepted
# PROXY_PORT  where the proxy listens
# HOW         netfilter: br_netfilter. The packet is received by the bridge, which
#             has an address: REDIRECT finds it.
#             broute: handed to layer 3. The packet is received by the port, which
#             has none, and REDIRECT drops it: DNAT names the address
# shellcheck shell=sh
set -e
cd "$(dirname "$0")"
. ./bridge-needs.sh
. ./bridge-needs-broute.sh
: "${BRIDGE:=br0}" "${ADDRESS:=192.0.2.1}" "${PORT:=80}" "${PROXY_PORT:=8080}" "${HOW:=netfilter}"

need_root
need_tool ip iproute2
need_tool iptables iptables
need_bridge "$BRIDGE"
need_address "$BRIDGE"
case $HOW in
netfilter) need_br_netfilter ;;
broute) need_broute ;;
*) missing "HOW is netfilter or broute, not '$HOW'" ;;
esac
checked

if [ "$HOW" = netfilter ]; then
	loads_br_netfilter
	rule iptables -t nat -A PREROUTING -i "$BRIDGE" -p tcp --dport "$PORT" -j REDIRECT --to-ports "$PROXY_PORT"
else
	# The way back to the client leads to the bridge, not to the port.
	# shellcheck disable=SC2046 # a list of devices
	sets_no_rp_filter $(ports "$BRIDGE")
	# One direction is enough here: the answers are the box's own.
	broutes --logical-in "$BRIDGE" -p IPv4 --ip-proto tcp --ip-dport "$PORT"
	rule iptables -t nat -A PREROUTING -p tcp --dport "$PORT" -j DNAT --to-destination "$ADDRESS:$PROXY_PORT"
fi
finished
