# SPDX-License-Identifier: GPL-2.0-only
# uplinks.sh for IPv6: three uplinks; the translated source says which one a
# packet takes, and which ones are left if that is gone.
#
#                                UP1 --- GW1
#   CLIENTSn --- CLIENT_IF [box] UP2 --- GW2
#                                UP3 --- GW3
#
# CLIENT_IF              where the clients come in
# CLIENTS1, 2, 3         who leaves with which source: a prefix or an address
# SNAT1, SNAT2, SNAT3    the sources, each an address that its uplink's provider
#                        routes to this box
# GW1, GW2, GW3          the next hops
# VIA                    lo or an nvi device: see open.sh
# shellcheck shell=sh
set -e
: "${CLIENT_IF:=cl0}" "${VIA:=lo}"
: "${CLIENTS1:=2001:db8:1::2}" "${SNAT1:=2001:db8:a1::17}" "${GW1:=2001:db8:21::2}"
: "${CLIENTS2:=2001:db8:1::3}" "${SNAT2:=2001:db8:a2::33}" "${GW2:=2001:db8:22::2}"
: "${CLIENTS3:=2001:db8:1::4}" "${SNAT3:=2001:db8:a3::49}" "${GW3:=2001:db8:23::2}"
cd "$(dirname "$0")"
sysctl -qw net.ipv6.conf.all.forwarding=1

# First lookup: only for the NAT.
IPTABLES=ip6tables . ./open.sh
DEV=$CLIENT_IF . ./hole-from6.sh
ip6tables -t nat -A POSTROUTING -o "$VIA" -s "$CLIENTS1" -j SNAT --to-source "$SNAT1"
ip6tables -t nat -A POSTROUTING -o "$VIA" -s "$CLIENTS2" -j SNAT --to-source "$SNAT2"
ip6tables -t nat -A POSTROUTING -o "$VIA" -s "$CLIENTS3" -j SNAT --to-source "$SNAT3"

# Second lookup: by the source. Each table has its own uplink, and the other two
# in reserve.
ip -6 rule add iif "$VIA" from "$SNAT1" lookup 101
ip -6 rule add iif "$VIA" from "$SNAT2" lookup 102
ip -6 rule add iif "$VIA" from "$SNAT3" lookup 103
ip -6 route add default via "$GW1" metric 1 table 101
ip -6 route add default via "$GW2" metric 2 table 101
ip -6 route add default via "$GW3" metric 3 table 101
ip -6 route add default via "$GW2" metric 1 table 102
ip -6 route add default via "$GW3" metric 2 table 102
ip -6 route add default via "$GW1" metric 3 table 102
ip -6 route add default via "$GW3" metric 1 table 103
ip -6 route add default via "$GW1" metric 2 table 103
ip -6 route add default via "$GW2" metric 3 table 103
