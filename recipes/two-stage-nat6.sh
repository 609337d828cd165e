# SPDX-License-Identifier: GPL-2.0-only
# two-stage-nat.sh for IPv6 (NAT66): customer NAT at lo, carrier NAT at the
# uplink, each with a conntrack entry of its own.
#
#   fd00::/64 --- CUSTOMER_IF [box] UPLINK --- the net
#
#   fd00::2 -> net    in by CUSTOMER_IF; first stage: fd00::2 becomes INSIDE
#   INSIDE  -> net    out of lo; second stage: INSIDE becomes UPLINK's address
#   net -> UPLINK's   in by UPLINK; the second stage's entry: INSIDE again
#   net -> INSIDE     out of lo; the first stage's entry: fd00::2 again
#
# CUSTOMERS    the customers' network
# CUSTOMER_IF  the device that they come in by
# INSIDE       the address between the two stages; no device has it
# UPLINK       the device that leads out
# VIA          lo or an nvi device: see open.sh
# shellcheck shell=sh
set -e
: "${CUSTOMERS:=fd00::/64}" "${CUSTOMER_IF:=cl0}" "${INSIDE:=fd00:64::1}" "${UPLINK:=up0}" "${VIA:=lo}"
cd "$(dirname "$0")"

# What customers send goes into the hole, and so do the replies to the first
# stage. Behind the hole, main decides.
sysctl -qw net.ipv6.conf.all.forwarding=1
IPTABLES=ip6tables AGAIN=reset-ct . ./open.sh
DEV=$CUSTOMER_IF . ./hole-from6.sh
ip -6 rule add iif "$UPLINK" to "$INSIDE" lookup 50

# Each pass has an entry of its own. The uplink's side of the box is zone 2: what
# comes in by the uplink, and what comes out of the hole on its way there.
# Genuine loopback traffic has its entry already, and CT leaves it alone.
ip6tables -t raw -A PREROUTING -i "$UPLINK" -j CT --zone 2
ip6tables -t raw -A PREROUTING -i "$VIA" -s "$INSIDE" -j CT --zone 2

# The two stages.
ip6tables -t nat -A POSTROUTING -o "$VIA" -s "$CUSTOMERS" -j SNAT --to-source "$INSIDE"
ip6tables -t nat -A POSTROUTING -o "$UPLINK" -s "$INSIDE" -j MASQUERADE
