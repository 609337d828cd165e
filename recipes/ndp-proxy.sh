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
sysctl -qw net.ipv6.conf.all.forwarding=1 "net.ipv6.conf.$UPLINK.proxy_ndp=1"
ip -6 neigh replace proxy "$SNAT_ADDRESS" dev "$UPLINK"
# What comes for it and is no reply must not go back into the subnet.
ip -6 route replace blackhole "$SNAT_ADDRESS"
