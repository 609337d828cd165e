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
# VIA, FRONT, MARK, ...  see open.sh
# shellcheck shell=sh
set -e
: "${CLIENTS:=198.51.100.0/24}" "${CLIENT_IF:=cl0}" "${UPLINK:=up0}"
: "${SERVER:=198.51.100.9}" "${PUBLIC:=192.0.2.80}" "${NAT_ADDRESS:=192.0.2.9}" "${PREFIX:=24}"
cd "$(dirname "$0")"
NEEDS="$CLIENT_IF $UPLINK" . ./open.sh

forwarding
ip addr add "$PUBLIC/$PREFIX" dev "$UPLINK"
ip addr add "$NAT_ADDRESS/$PREFIX" dev "$UPLINK"

# What is for the public address is for the server, wherever it comes from. What the
# clients send is routed into the hole, and leaves it with a public source, wherever it
# goes then: the world, or back to where it came from.
if [ "$FRONT" = nft ]; then
	chains hairpin <<-EOF
		chain prerouting {
			type nat hook prerouting priority dstnat - 1
			$NF daddr $PUBLIC dnat to $SERVER
		}
		chain postrouting {
			type nat hook postrouting priority srcnat - 1
			oifname "$VIA" $NF saddr $SERVER snat to $PUBLIC
			oifname "$VIA" $NF saddr $CLIENTS snat to $NAT_ADDRESS
		}
	EOF
else
	"$IPT" -t nat -A PREROUTING -d "$PUBLIC" -j DNAT --to-destination "$SERVER"
	"$IPT" -t nat -A POSTROUTING -o "$VIA" -s "$SERVER" -j SNAT --to-source "$PUBLIC"
	"$IPT" -t nat -A POSTROUTING -o "$VIA" -s "$CLIENTS" -j SNAT --to-source "$NAT_ADDRESS"
fi
DEV=$CLIENT_IF . ./hole-from.sh
