# SPDX-License-Identifier: GPL-2.0-only
# snat-pool.sh in IPv6: clients leave with addresses of a prefix that no subnet of
# the box holds (and that the next hop must have a route to: snat-pool6-nexthop.sh
# or snat-pool-bird.sh).
#
#   CLIENTS --- CLIENT_IF [box] UPLINK --- next hop
#
# CLIENTS    the clients' network
# CLIENT_IF  where they come in
# POOL       the prefix that they leave with
# POOL_FROM  the range of it to use
# VIA        lo or an nvi device: see open.sh
# shellcheck shell=sh
set -e
: "${CLIENTS:=2001:db8:1::/64}" "${CLIENT_IF:=cl0}" "${VIA:=lo}"
: "${POOL:=2001:db8:ff::/64}" "${POOL_FROM:=2001:db8:ff::1-2001:db8:ff::ffff}"
cd "$(dirname "$0")"

sysctl -qw net.ipv6.conf.all.forwarding=1

# What comes for the pool and is no reply must not go back to the next hop.
ip -6 route replace blackhole "$POOL"

IPTABLES=ip6tables . ./open.sh
DEV=$CLIENT_IF . ./hole-from6.sh
ip6tables -t nat -A POSTROUTING -o "$VIA" -s "$CLIENTS" -j SNAT --to-source "$POOL_FROM" --persistent
