# SPDX-License-Identifier: GPL-2.0-only
# Two customers in two VRFs, with the same addresses, leave by one uplink that is
# in a third VRF, each with an address of its own.
#
#   CLIENTS --- IF1 in VRF1 [   ]
#                           [box] UPLINK in a third VRF --- the world
#   CLIENTS --- IF2 in VRF2 [   ]
#
# IF1, VRF1, TABLE1, SNAT1   first customer: device, VRF, its table, and what its
# IF2, VRF2, TABLE2, SNAT2   packets leave with; second customer
# UPLINK, TABLE0             the uplink's device, and the table of its VRF
# PREFIX                     the length of the subnet that SNAT1 and SNAT2 are in
# VIA                        lo or an nvi device: see open.sh
# shellcheck shell=sh
set -e
: "${IF1:=cl1}" "${VRF1:=red}" "${TABLE1:=10}" "${SNAT1:=192.0.2.11}"
: "${IF2:=cl2}" "${VRF2:=green}" "${TABLE2:=11}" "${SNAT2:=192.0.2.12}"
: "${UPLINK:=up0}" "${TABLE0:=20}" "${PREFIX:=24}" "${VIA:=lo}"
cd "$(dirname "$0")"

ip addr replace "$SNAT1/$PREFIX" dev "$UPLINK"
ip addr replace "$SNAT2/$PREFIX" dev "$UPLINK"
sysctl -qw net.ipv4.ip_forward=1

# Conntrack knows no VRFs: the same addresses need zones to be two flows. Only
# in the original direction; replies are told apart by SNAT.
iptables -t raw -A PREROUTING -i "$IF1" -j CT --zone-orig 1
iptables -t raw -A PREROUTING -i "$IF2" -j CT --zone-orig 2

# $VIA is in no VRF. Where a packet came in must be known in POSTROUTING, so it goes
# into the mark; and into the connection, for the replies. A packet of a VRF
# crosses PREROUTING twice, by the port and by the VRF's device: one is enough.
iptables -t mangle -A PREROUTING -i "$IF1" -j CONNMARK --set-mark 1
iptables -t mangle -A PREROUTING -i "$IF2" -j CONNMARK --set-mark 2
iptables -t mangle -A PREROUTING -j CONNMARK --restore-mark

# Into the hole, each by its VRF's own table, and out of it by the uplink's, which
# only the translated source tells: the second lookup is the default VRF's.
. ./open.sh
ip route replace default dev "$VIA" vrf "$VRF1"
ip route replace default dev "$VIA" vrf "$VRF2"
iptables -t nat -A POSTROUTING -o "$VIA" -m mark --mark 1 -j SNAT --to-source "$SNAT1"
iptables -t nat -A POSTROUTING -o "$VIA" -m mark --mark 2 -j SNAT --to-source "$SNAT2"
ip rule add iif "$VIA" from "$SNAT1" lookup "$TABLE0" pref 100
ip rule add iif "$VIA" from "$SNAT2" lookup "$TABLE0" pref 100

# Replies go to the VRF that asked. In IPv4 a rule sees the port that a packet
# came in by; in IPv6, the device of its VRF.
ip rule add iif "$UPLINK" fwmark 1 lookup "$TABLE1" pref 101
ip rule add iif "$UPLINK" fwmark 2 lookup "$TABLE2" pref 101
