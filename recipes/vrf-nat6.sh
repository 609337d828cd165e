# SPDX-License-Identifier: GPL-2.0-only
# vrf-nat.sh for IPv6 (NAT66): two customers in two VRFs, with the same addresses,
# leave by one uplink that is in a third VRF, each with an address of its own.
#
#   CLIENTS --- IF1 in VRF1 [   ]
#                           [box] UPLINK in VRF0 --- the world
#   CLIENTS --- IF2 in VRF2 [   ]
#
# IF1, VRF1, TABLE1, SNAT1   first customer: device, VRF, its table, and what its
# IF2, VRF2, TABLE2, SNAT2   packets leave with; second customer
# UPLINK, VRF0, TABLE0       the uplink's device, its VRF, and the table of that
# PREFIX                     the length of the subnet that SNAT1 and SNAT2 are in
# VIA                        lo or an nvi device: see open.sh
# shellcheck shell=sh
set -e
: "${IF1:=cl1}" "${VRF1:=red}" "${TABLE1:=10}" "${SNAT1:=2001:db8:2::11}"
: "${IF2:=cl2}" "${VRF2:=green}" "${TABLE2:=11}" "${SNAT2:=2001:db8:2::12}"
: "${UPLINK:=up0}" "${VRF0:=blue}" "${TABLE0:=20}" "${PREFIX:=64}" "${VIA:=lo}"
cd "$(dirname "$0")"

ip addr replace "$SNAT1/$PREFIX" dev "$UPLINK"
ip addr replace "$SNAT2/$PREFIX" dev "$UPLINK"
sysctl -qw net.ipv6.conf.all.forwarding=1

# Conntrack knows no VRFs: the same addresses need zones to be two flows. Only
# in the original direction; replies are told apart by SNAT.
ip6tables -t raw -A PREROUTING -i "$IF1" -j CT --zone-orig 1
ip6tables -t raw -A PREROUTING -i "$IF2" -j CT --zone-orig 2

# $VIA is in no VRF. Where a packet came in must be known in POSTROUTING, so it goes
# into the mark; and into the connection, for the replies. A packet of a VRF
# crosses PREROUTING twice, by the port and by the VRF's device: one is enough.
ip6tables -t mangle -A PREROUTING -i "$IF1" -j CONNMARK --set-mark 1
ip6tables -t mangle -A PREROUTING -i "$IF2" -j CONNMARK --set-mark 2
ip6tables -t mangle -A PREROUTING -j CONNMARK --restore-mark

# Into the hole, each by its VRF's own table, and out of it by the uplink's, which
# only the translated source tells: the second lookup is the default VRF's.
IPTABLES=ip6tables . ./open.sh
ip -6 nexthop replace id 50 dev "$VIA"
ip -6 route replace default nhid 50 vrf "$VRF1"
ip -6 route replace default nhid 50 vrf "$VRF2"
ip6tables -t nat -A POSTROUTING -o "$VIA" -m mark --mark 1 -j SNAT --to-source "$SNAT1"
ip6tables -t nat -A POSTROUTING -o "$VIA" -m mark --mark 2 -j SNAT --to-source "$SNAT2"
ip -6 rule add iif "$VIA" from "$SNAT1" lookup "$TABLE0" pref 100
ip -6 rule add iif "$VIA" from "$SNAT2" lookup "$TABLE0" pref 100

# Since about 6.15 "iif VRF" also means what that VRF sends itself (its neighbour
# discovery, the box's own): the VRF's table first, for those.
ip -6 rule add iif lo l3mdev pref 98

# Replies go to the VRF that asked. In IPv6 a rule sees the device of the VRF that
# a packet came in by; in IPv4, the port.
ip -6 rule add iif "$VRF0" fwmark 1 lookup "$TABLE1" pref 101
ip -6 rule add iif "$VRF0" fwmark 2 lookup "$TABLE2" pref 101
