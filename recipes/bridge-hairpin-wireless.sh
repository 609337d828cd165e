#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# DNAT on the bridge of an access point to a server that is a station, as the
# clients are. No ebtables, since there is no switch.
#
#   client )))
#              $PORT [$BRIDGE $ADDRESS] --- $ASKED and others
#   $SERVER )))
#
# bridge-hairpin-wireless.sh [up | down]
#
# BRIDGE, PORT  the bridge, and its wireless port: hostapd must run (it makes the
#               port; the setting goes when it ends)
# WAY           how answers are made to cross the bridge. "isolate": they do, since
#               hostapd has ap_isolate=1 (bridge-hairpin-wireless.conf), and the
#               server sees the client's address. "snat": with ap_isolate=0
# ADDRESS       the bridge's own address, for snat
# ASKED, DPORT  the address and TCP port that clients ask, beyond the bridge
# SERVER        who shall answer instead, at the same TCP port
# shellcheck shell=sh source-path=SCRIPTDIR
: "${BRIDGE:=br0}" "${PORT:=wlan0}" "${WAY:=isolate}" "${ADDRESS:=192.0.2.1}"
: "${ASKED:=192.0.2.9}" "${DPORT:=80}" "${SERVER:=192.0.2.3}"
cd "$(dirname "$0")"
. ./bridge-needs.sh
. ./bridge-needs-port.sh

need_root
need_tool ip iproute2
need_tool bridge iproute2
need_tool modprobe kmod
need_tool sysctl procps
need_tool iptables iptables
need_bridge "$BRIDGE"
need_port "$PORT" "$BRIDGE"
need_br_netfilter
[ -d "/sys/class/net/$PORT/phy80211" ] || missing "$PORT is not wireless"
case $WAY in
isolate) ;;
snat) need_own_address "$BRIDGE" "$ADDRESS" ;;
*) missing "WAY: '$WAY' is none of isolate, snat" ;;
esac
checked

# The bridge asks iptables, and may send a frame back by the port it came in by.
# What DNAT has changed stays on the bridge only if it could be forwarded, though
# nothing is routed.
sets_forwarding "$BRIDGE"
loads_br_netfilter
sets_hairpin "$PORT"

rule iptables -t nat -A PREROUTING -d "$ASKED" -p tcp --dport "$DPORT" -j DNAT --to-destination "$SERVER"
[ "$WAY" = isolate ] ||
	rule iptables -t nat -A POSTROUTING -d "$SERVER" -p tcp --dport "$DPORT" \
		-m conntrack --ctstate DNAT -j SNAT --to-source "$ADDRESS"
finished
