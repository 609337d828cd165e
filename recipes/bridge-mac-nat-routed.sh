#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# MAC NAT without a list of hosts: out at layer 2, in by layer 3, which knows
# where the hosts are.
#
#   host --- [$BRIDGE, with an address in the network] $PORT --- a network that
#   host ---                                             knows the bridge's MAC only
#
# bridge-mac-nat-routed.sh [up | down]
#
# BRIDGE, PORT  the bridge, and the port where that network is
# QUIET         how the box is kept from sending ICMP redirects: "sysctl"; or
#               "broute", which leaves send_redirects alone; or "no"
# EBTABLES      as for all recipes about bridges: see bridge-needs.sh
# shellcheck shell=sh source-path=SCRIPTDIR

: "${BRIDGE:=br0}" "${PORT:=p1}" "${QUIET:=sysctl}"
cd "$(dirname "$0")"
. ./bridge-needs.sh
. ./bridge-needs-port.sh
. ./bridge-needs-broute.sh

need_root
need_tool sysctl procps
need_bridge "$BRIDGE"
need_port "$PORT" "$BRIDGE"
case $QUIET in
broute) need_broute ;;
sysctl | no) ;;
*) missing "QUIET: '$QUIET' is none of sysctl, broute, no" ;;
esac
need_table nat
checked
MAC=$(cat "/sys/class/net/$BRIDGE/address")

# Out: the bridge's MAC, in the frame and as the sender of what ARP says.
rule "$EBTABLES" -t nat -A POSTROUTING -o "$PORT" -j snat --to-src "$MAC" --snat-arp
# In: answers to ARP are for any of the hosts, so for all of them.
rule "$EBTABLES" -t nat -A PREROUTING -p arp -i "$PORT" --arp-op Reply -j dnat --to-dst ff:ff:ff:ff:ff:ff
# In: the rest is for the bridge's MAC, so for layer 3, which forwards it.
sets_forwarding "$BRIDGE"

# What comes in and leaves by the bridge, from a neighbour to a neighbour, makes
# the box tell the sender that it need not go this way.
case $QUIET in
sysctl)
	# Off is what is off for all and for the device.
	sets net/ipv4/conf/all/send_redirects 0
	sets "net/ipv4/conf/$BRIDGE/send_redirects" 0
	;;
broute)
	sets_forwarding "$PORT"
	sets_no_rp_filter "$PORT"
	# Then it comes in by the port and leaves by the bridge. IPv4 only: with
	# the article's "-p ! arp" the box's own IPv6 would not find its neighbours.
	broutes -p IPv4 -i "$PORT" -d "$MAC"
	;;
esac
finished
