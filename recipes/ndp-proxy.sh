# SPDX-License-Identifier: GPL-2.0-only
# The box answers for an address of the uplink's subnet that it does not have, so
# that SNAT may use it (as snat-nexthop-subnet.sh with ARP=proxy, in IPv6). There
# is no ip6tables rule for what arptables does to ARP.
#
# UPLINK        the subnet's device
# SNAT_ADDRESS  a free address of it
# shellcheck shell=sh
set -e
: "${UPLINK:=up0}" "${SNAT_ADDRESS:=2001:db8:2::77}"
cd "$(dirname "$0")"
VIA=none BITS=0 NEEDS=$UPLINK IPTABLES=ip6tables . ./open.sh
forwarding
sysctl -qw "net.ipv6.conf.$UPLINK.proxy_ndp=1"
# What comes for it and is no reply must not go back into the subnet.
$IP route add blackhole "$SNAT_ADDRESS"
$IP neigh add proxy "$SNAT_ADDRESS" dev "$UPLINK"
