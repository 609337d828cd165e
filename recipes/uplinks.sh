# SPDX-License-Identifier: GPL-2.0-only
# Three uplinks; the translated source says which one a packet takes, and which
# ones are left if that is gone.
#
#                                UP1 --- GW1
#   CLIENTSn --- CLIENT_IF [box] UP2 --- GW2
#                                UP3 --- GW3
#
# CLIENT_IF              where the clients come in
# CLIENTS1, 2, 3         who leaves with which source: a network or an address
# SNAT1, SNAT2, SNAT3    the sources, each an address that its uplink's provider
#                        routes to this box
# GW1, GW2, GW3          the next hops
# VIA                    lo or an nvi device: see open.sh
# shellcheck shell=sh
set -e
: "${CLIENT_IF:=cl0}" "${VIA:=lo}"
: "${CLIENTS1:=198.51.100.2}" "${SNAT1:=203.0.113.17}" "${GW1:=192.0.2.2}"
: "${CLIENTS2:=198.51.100.3}" "${SNAT2:=203.0.113.33}" "${GW2:=192.0.2.66}"
: "${CLIENTS3:=198.51.100.4}" "${SNAT3:=203.0.113.49}" "${GW3:=192.0.2.130}"
cd "$(dirname "$0")"
sysctl -qw net.ipv4.ip_forward=1

# First lookup: only for the NAT.
. ./open.sh
DEV=$CLIENT_IF . ./hole-from.sh
iptables -t nat -A POSTROUTING -o "$VIA" -s "$CLIENTS1" -j SNAT --to-source "$SNAT1"
iptables -t nat -A POSTROUTING -o "$VIA" -s "$CLIENTS2" -j SNAT --to-source "$SNAT2"
iptables -t nat -A POSTROUTING -o "$VIA" -s "$CLIENTS3" -j SNAT --to-source "$SNAT3"

# Second lookup: by the source. Each table has its own uplink, and the other two
# in reserve.
ip rule add iif "$VIA" from "$SNAT1" lookup 101
ip rule add iif "$VIA" from "$SNAT2" lookup 102
ip rule add iif "$VIA" from "$SNAT3" lookup 103
ip route add default via "$GW1" metric 1 table 101
ip route add default via "$GW2" metric 2 table 101
ip route add default via "$GW3" metric 3 table 101
ip route add default via "$GW2" metric 1 table 102
ip route add default via "$GW3" metric 2 table 102
ip route add default via "$GW1" metric 3 table 102
ip route add default via "$GW3" metric 1 table 103
ip route add default via "$GW1" metric 2 table 103
ip route add default via "$GW2" metric 3 table 103
