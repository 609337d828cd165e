#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# DNAT on a bridge to a server behind the same wired port that the clients are
# behind, without routing: hairpin, SNAT, and the bridge's own MAC as the source
# of what turns round, so that the switch does not learn one MAC at two ports.
#
#   client ---+
#             [switch] --- $PORT [$BRIDGE $ADDRESS] --- $ASKED and others
#   $SERVER --+
#
# bridge-hairpin-wired.sh [up | down]
#
# BRIDGE, PORT  the bridge, and the port that both are behind
# ADDRESS       the bridge's own address
# ASKED, DPORT  the address and TCP port that clients ask, beyond the bridge
# SERVER        who shall answer instead, at the same TCP port
# EBTABLES      as for all recipes about bridges: see bridge-needs.sh
# shellcheck shell=sh source-path=SCRIPTDIR

: "${BRIDGE:=br0}" "${PORT:=p1}" "${ADDRESS:=192.0.2.1}"
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
need_own_address "$BRIDGE" "$ADDRESS"
need_br_netfilter
need_table nat
need_table filter
checked

# The bridge asks iptables, and may send a frame back by the port it came in by.
# What DNAT has changed stays on the bridge only if it could be forwarded, though
# nothing is routed.
sets_forwarding "$BRIDGE"
loads_br_netfilter
sets_hairpin "$PORT"

# SNAT leads the replies back over the bridge. Only what DNAT has changed: who
# speaks to the server by its own address is left alone.
rule iptables -t nat -A PREROUTING -d "$ASKED" -p tcp --dport "$DPORT" -j DNAT --to-destination "$SERVER"
rule iptables -t nat -A POSTROUTING -d "$SERVER" -p tcp --dport "$DPORT" \
	-m conntrack --ctstate DNAT -j SNAT --to-source "$ADDRESS"

# br_netfilter does not touch the source MAC: both directions get the bridge's.
# ebtables sees a frame before iptables' POSTROUTING does, so these are the
# addresses before SNAT, and before DNAT is taken back.
MAC=$(cat "/sys/class/net/$BRIDGE/address")
rule "$EBTABLES" -t nat -A POSTROUTING -o "$PORT" -p IPv4 --ip-dst "$SERVER" \
	--ip-proto tcp --ip-dport "$DPORT" -j snat --to-src "$MAC"
rule "$EBTABLES" -t nat -A POSTROUTING -o "$PORT" -p IPv4 --ip-src "$SERVER" \
	--ip-proto tcp --ip-sport "$DPORT" -j snat --to-src "$MAC"

# Hairpin also sends back what is flooded, every ARP question above all, with
# the asker's MAC. Nothing but the service turns round.
rule "$EBTABLES" -t filter -A FORWARD -i "$PORT" -o "$PORT" -p IPv4 --ip-dst "$SERVER" \
	--ip-proto tcp --ip-dport "$DPORT" -j ACCEPT
rule "$EBTABLES" -t filter -A FORWARD -i "$PORT" -o "$PORT" -p IPv4 --ip-src "$SERVER" \
	--ip-proto tcp --ip-sport "$DPORT" -j ACCEPT
rule "$EBTABLES" -t filter -A FORWARD -i "$PORT" -o "$PORT" -j DROP
finished
