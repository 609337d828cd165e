# SPDX-License-Identifier: GPL-2.0-only
# snat-pool.sh in IPv6: clients leave with addresses of a prefix that no subnet of
# the box holds (and that the next hop must have a route to: snat-pool6-nexthop.sh
# or snat-pool-bird.sh).
#
#   $CLIENTS --- $CLIENT_IF [box] $UPLINK --- next hop
#
# CLIENTS    the clients' network
# CLIENT_IF  where they come in
# POOL       the prefix that they leave with
# POOL_FROM  the range of it to use
# shellcheck shell=sh
set -e
: "${CLIENTS:=2001:db8:1::/64}" "${CLIENT_IF:=cl0}"
: "${POOL:=2001:db8:ff::/64}" "${POOL_FROM:=2001:db8:ff::1-2001:db8:ff::ffff}"

sysctl -qw net.ipv6.conf.all.forwarding=1

# What comes for the pool and is no reply must not go back to the next hop.
ip -6 route replace blackhole "$POOL"

# "dev lo" alone would be a reject route; a nexthop object makes it a true one.
ip -6 nexthop replace id 50 dev lo
ip -6 route replace default nhid 50 table 50
ip -6 rule add iif "$CLIENT_IF" lookup 50
ip6tables -t nat -A POSTROUTING -o lo -s "$CLIENTS" -j SNAT --to-source "$POOL_FROM" --persistent
ip6tables -t raw -A PREROUTING -i lo -j UNHOLE
