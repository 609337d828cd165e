#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# DNAT on a bridge to a server behind the same port that the clients are behind, by
# routing twice. iptables sees the frames on the bridge, and the route of just this
# service leads out of the bridge, so they are not bridged: they leave with the
# bridge's MAC. No hairpin, no ebtables.
#
#   client ---+
#             [switch] --- port [$BRIDGE $ADDRESS] --- $ASKED and others
#   $SERVER --+
#
# bridge-hole.sh [up | down]
#
# BRIDGE        the bridge
# ADDRESS       the bridge's own address
# ASKED, DPORT  the address and TCP port that clients ask, beyond the bridge
# SERVER        who shall answer instead, at the same TCP port, behind any port
# WAY           what routes twice: "nvi", the driver; or "unhole", loopback with the
#               target (a kernel without the patches: also run stock-sysctls.sh)
# NVI, TABLE    the device, and a routing table that nobody uses
# shellcheck shell=sh source-path=SCRIPTDIR

: "${BRIDGE:=br0}" "${ADDRESS:=192.0.2.1}" "${WAY:=nvi}" "${NVI:=nvi0}" "${TABLE:=50}"
: "${ASKED:=192.0.2.9}" "${DPORT:=80}" "${SERVER:=192.0.2.3}"
cd "$(dirname "$0")"
. ./bridge-needs.sh
. ./bridge-needs-port.sh

need_root
need_tool ip iproute2
need_tool modprobe kmod
need_tool sysctl procps
need_tool iptables iptables
need_bridge "$BRIDGE"
need_own_address "$BRIDGE" "$ADDRESS"
need_br_netfilter
case $WAY in
nvi)
	DEV=$NVI
	[ -d /sys/module/nvi ] || modprobe -n -q nvi 2>/dev/null || missing "this kernel has no module nvi (make install, or the packages)"
	[ "$ACTION" = down ] || [ ! -e "/sys/class/net/$NVI" ] || missing "there is a device $NVI already (NVI=another)"
	;;
unhole)
	DEV=lo
	# (Without the plug-in it takes UNHOLE for a chain, and ends well.)
	iptables -j UNHOLE -h 2>/dev/null | grep '^UNHOLE' >/dev/null || missing "iptables does not know the target UNHOLE (make install, or the packages)"
	;;
*) missing "WAY: '$WAY' is none of nvi, unhole" ;;
esac
[ "$ACTION" = down ] || [ -z "$(ip route show table "$TABLE" 2>/dev/null)" ] ||
	missing "routing table $TABLE is in use (TABLE=another)"
checked

# The bridge asks iptables. What DNAT has changed is looked up as if it came in by
# the bridge and were to be forwarded.
sets_forwarding "$BRIDGE"
loads_br_netfilter

# That lookup must not find the bridge, else the frame is bridged, and not sent back
# out of its port. Both directions, after NAT: who speaks to the server without it
# is bridged, and not looked up.
if [ "$WAY" = nvi ]; then
	ip link add "$NVI" mtu "$(cat "/sys/class/net/$BRIDGE/mtu")" type nvi
	undo ip link del "$NVI"
	ip link set "$NVI" up
else
	rule iptables -t raw -A PREROUTING -i lo -j UNHOLE
fi
ip route add default dev "$DEV" table "$TABLE"
undo ip route del default dev "$DEV" table "$TABLE"
for way in "to $SERVER ipproto tcp dport $DPORT" "from $SERVER ipproto tcp sport $DPORT"; do
	# shellcheck disable=SC2086 # a list of arguments
	ip rule add iif "$BRIDGE" $way lookup "$TABLE"
	undo ip rule del iif "$BRIDGE" "$way" lookup "$TABLE"
done

# SNAT leads the answers to the box. The device says what is meant: nothing else is
# routed there.
rule iptables -t nat -A PREROUTING -i "$BRIDGE" -d "$ASKED" -p tcp --dport "$DPORT" -j DNAT --to-destination "$SERVER"
rule iptables -t nat -A POSTROUTING -o "$DEV" -d "$SERVER" -p tcp --dport "$DPORT" -j SNAT --to-source "$ADDRESS"
finished
