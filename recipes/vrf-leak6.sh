# SPDX-License-Identifier: GPL-2.0-only
# vrf-leak.sh in IPv6. The route into loopback takes a nexthop object: "dev lo"
# alone would be a reject route.
#
# VRF      the VRF's device
# CLIENTS  the network in it that replies go to
# LEAKED   the prefix that the VRF takes from the default VRF
# VIA      lo or an nvi device: see open.sh
# shellcheck shell=sh
set -e
: "${VRF:=red}" "${CLIENTS:=2001:db8:1::/64}" "${LEAKED:=2001:db8:3::/64}" "${VIA:=lo}"
cd "$(dirname "$0")"
sysctl -qw net.ipv6.conf.all.forwarding=1

IPTABLES=ip6tables . ./open.sh
ip -6 nexthop replace id 50 dev "$VIA"
ip -6 route replace "$LEAKED" nhid 50 vrf "$VRF"

ip -6 route replace "$CLIENTS" dev "$VRF"
