# SPDX-License-Identifier: GPL-2.0-only
# One DNAT rule in PREROUTING, for clients and for the box itself.
#
#   client --- [box] --- SERVER      what is sent to VIP goes to SERVER
#
# VIP      the address that is asked for
# SERVER   the host that answers
# VIA      lo or an nvi device: see open.sh
# shellcheck shell=sh
set -e
: "${VIP:=203.0.113.80}" "${SERVER:=203.0.113.7}" "${VIA:=lo}"
cd "$(dirname "$0")"

# What the box sends to VIP goes into the hole.
AGAIN=reset-ct XMARK=0 . ./open.sh
ip route add default dev "$VIA" table 50
ip rule add fwmark 0x50 lookup 50
iptables -t mangle -A OUTPUT -d "$VIP" -j MARK --set-mark 0x50

# NAT is bound when conntrack first sees a connection. So it must not see the
# first pass, and begins with the second: then PREROUTING is where it starts. (If
# the first pass must be tracked, leave this rule out, and give the second pass
# a zone: see below.)
iptables -t raw -A OUTPUT -d "$VIP" -j CT --notrack
# iptables -t raw -A PREROUTING -i "$VIA" -d "$VIP" -j CT --zone-orig 2

iptables -t nat -A PREROUTING -d "$VIP" -j DNAT --to-destination "$SERVER"
