# SPDX-License-Identifier: GPL-2.0-only
# hairpin.sh for IPv6 (NAT66): a server among the clients is reached by its public
# address from outside and from its own network, and both sides see public
# addresses only.
#
#   $CLIENTS, $SERVER --- $CLIENT_IF [box] $UPLINK --- the world
#
# CLIENTS    the clients' network, with the server in it
# CLIENT_IF  its device
# UPLINK     where the world is
# SERVER     the server's own address
# PUBLIC     the address that it is known by, all of it for this server
# NAT_ADDRESS  what other clients are known by
# PREFIX     of the uplink's subnet, which both addresses are in
# VIA        lo or an nvi device: see open.sh
# shellcheck shell=sh
set -e
: "${CLIENTS:=2001:db8:1::/64}" "${CLIENT_IF:=cl0}" "${UPLINK:=up0}" "${VIA:=lo}"
: "${SERVER:=2001:db8:1::9}" "${PUBLIC:=2001:db8:2::80}" "${NAT_ADDRESS:=2001:db8:2::9}" "${PREFIX:=64}"
cd "$(dirname "$0")"

ip addr replace "$PUBLIC/$PREFIX" dev "$UPLINK"
ip addr replace "$NAT_ADDRESS/$PREFIX" dev "$UPLINK"
sysctl -qw net.ipv6.conf.all.forwarding=1

# What is for the public address is for the server, wherever it comes from.
ip6tables -t nat -A PREROUTING -d "$PUBLIC" -j DNAT --to-destination "$SERVER"

# What the clients send is routed into the hole, and leaves it with a public
# source, wherever it goes then: the world, or back to where it came from.
IPTABLES=ip6tables . ./open.sh
DEV=$CLIENT_IF . ./hole-from6.sh
ip6tables -t nat -A POSTROUTING -o "$VIA" -s "$SERVER" -j SNAT --to-source "$PUBLIC"
ip6tables -t nat -A POSTROUTING -o "$VIA" -s "$CLIENTS" -j SNAT --to-source "$NAT_ADDRESS"
