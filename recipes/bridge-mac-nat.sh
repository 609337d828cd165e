#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# MAC NAT: hosts behind the bridge reach a network that lets in one MAC only,
# the bridge's. All at layer 2.
#
#   host --- [$BRIDGE] $PORT --- a network that knows the bridge's MAC only
#   host ---
#
# bridge-mac-nat.sh [up | down]
#
# BRIDGE, PORT  the bridge, and the port where that network is
# HOSTS         the hosts behind it, each ADDRESS=MAC
# EBTABLES      as for all recipes about bridges: see bridge-needs.sh
# shellcheck shell=sh source-path=SCRIPTDIR

: "${BRIDGE:=br0}" "${PORT:=p1}"
: "${HOSTS:=192.0.2.11=02:00:00:00:00:11 192.0.2.12=02:00:00:00:00:12}"
cd "$(dirname "$0")"
. ./bridge-needs.sh
. ./bridge-needs-port.sh

need_root
need_bridge "$BRIDGE"
need_port "$PORT" "$BRIDGE"
need_table nat
for h in $HOSTS; do
	case $h in *.*.*.*=*:*:*:*:*:*) ;; *) missing "HOSTS: '$h' is not ADDRESS=MAC" ;; esac
done
checked
MAC=$(cat "/sys/class/net/$BRIDGE/address")

# Out: the bridge's MAC, in the frame and as the sender of what ARP says.
rule "$EBTABLES" -t nat -A POSTROUTING -o "$PORT" -j snat --to-src "$MAC" --snat-arp
# In: answers to ARP are for any of the hosts, so for all of them.
rule "$EBTABLES" -t nat -A PREROUTING -p arp -i "$PORT" --arp-op Reply -j dnat --to-dst ff:ff:ff:ff:ff:ff
# In: the rest by its address. ebtables has no connection tracking to know it by.
for h in $HOSTS; do
	rule "$EBTABLES" -t nat -A PREROUTING -p IPv4 -i "$PORT" --ip-dst "${h%%=*}" -j dnat --to-dst "${h#*=}"
done
finished
