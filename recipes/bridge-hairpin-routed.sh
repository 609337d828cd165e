#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# DNAT on a bridge to a server behind the same wired port that the clients are
# behind, by routing: just those packets leave the bridge for layer 3, which
# gives them the bridge's MAC by itself. No br_netfilter, no hairpin.
#
#   client ---+
#             [switch] --- $PORT [$BRIDGE $ADDRESS] --- $ASKED and others
#   $SERVER --+
#
# bridge-hairpin-routed.sh [up | down]
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
. ./bridge-needs-broute.sh

need_root
need_tool ip iproute2
need_tool sysctl procps
need_tool iptables iptables
need_bridge "$BRIDGE"
need_port "$PORT" "$BRIDGE"
need_own_address "$BRIDGE" "$ADDRESS"
need_broute
checked

# What is asked comes in by the port, what is answered by the bridge.
sets_forwarding "$PORT" "$BRIDGE"
# The port has no address, so the reverse lookup never leads to it.
sets_no_rp_filter "$PORT"
# To layer 3, as if the port were no port.
broutes -i "$PORT" -p IPv4 --ip-dst "$ASKED" --ip-proto tcp --ip-dport "$DPORT"

# The receive device is the port. SNAT leads the replies to the box itself, which
# needs no broute rule for them. (They come in and leave by the bridge. No ICMP
# redirect tells the server so: NAT drops redirects about what it translates.)
rule iptables -t nat -A PREROUTING -i "$PORT" -d "$ASKED" -p tcp --dport "$DPORT" \
	-j DNAT --to-destination "$SERVER"
rule iptables -t nat -A POSTROUTING -o "$BRIDGE" -d "$SERVER" -p tcp --dport "$DPORT" \
	-m conntrack --ctstate DNAT -j SNAT --to-source "$ADDRESS"
finished
