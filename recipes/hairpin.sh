# SPDX-License-Identifier: GPL-2.0-only
# A server among the clients has a public address. It is reached by that address
# from outside and from its own network, and both sides see public addresses
# only. The rules do not say where a packet goes: the same ones serve both.
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
: "${CLIENTS:=198.51.100.0/24}" "${CLIENT_IF:=cl0}" "${UPLINK:=up0}" "${VIA:=lo}"
: "${SERVER:=198.51.100.9}" "${PUBLIC:=192.0.2.80}" "${NAT_ADDRESS:=192.0.2.9}" "${PREFIX:=24}"
cd "$(dirname "$0")"

ip addr replace "$PUBLIC/$PREFIX" dev "$UPLINK"
ip addr replace "$NAT_ADDRESS/$PREFIX" dev "$UPLINK"
sysctl -qw net.ipv4.ip_forward=1

# What is for the public address is for the server, wherever it comes from.
iptables -t nat -A PREROUTING -d "$PUBLIC" -j DNAT --to-destination "$SERVER"

# What the clients send is routed into the hole, and leaves it with a public
# source, wherever it goes then: the world, or back to where it came from.
. ./open.sh
DEV=$CLIENT_IF . ./hole-from.sh
iptables -t nat -A POSTROUTING -o "$VIA" -s "$SERVER" -j SNAT --to-source "$PUBLIC"
iptables -t nat -A POSTROUTING -o "$VIA" -s "$CLIENTS" -j SNAT --to-source "$NAT_ADDRESS"
