# SPDX-License-Identifier: GPL-2.0-only
# Does iptables see what a bridge carries, and where? Rules that count, and do
# nothing else. Look at them with
#
#   iptables-save -c | grep bridge-watch
#
# BRIDGE  the bridge
# shellcheck shell=sh
set -e
cd "$(dirname "$0")"
. ./bridge-needs.sh
: "${BRIDGE:=br0}"

need_root
need_tool ip iproute2
need_tool iptables iptables
need_bridge "$BRIDGE"
checked

# By the bridge, and by a port: what broute hands over is received by the port.
for dev in $BRIDGE $(ports "$BRIDGE"); do
	rule iptables -t raw -A PREROUTING -i "$dev" -m comment --comment bridge-watch
	rule iptables -t mangle -A INPUT -i "$dev" -m comment --comment bridge-watch
	rule iptables -t mangle -A FORWARD -i "$dev" -m comment --comment bridge-watch
done
rule iptables -t mangle -A POSTROUTING -o "$BRIDGE" -m comment --comment bridge-watch
finished
