# SPDX-License-Identifier: GPL-2.0-only
# Whatever clients and the box ask of any name server, the box's own resolver answers.
# Plain Linux, without a hole.
#
#   clients --- CLIENT_IF [box: resolver on RESOLVER_PORT] --- name servers
#
# CLIENT_IF       the device that clients come in by
# RESOLVER_PORT   where it listens: on loopback, and on CLIENT_IF's address
# RESOLVER_UID    the user that it runs as: its own questions go out
# FRONT           see open.sh
#
# REDIRECT changes a client's destination into CLIENT_IF's address, and the box's own into
# loopback's. Clients' packets are seen by PREROUTING, the box's by OUTPUT.
# shellcheck shell=sh
set -e
: "${CLIENT_IF:=cl0}" "${RESOLVER_PORT:=5353}" "${RESOLVER_UID:=13}"
cd "$(dirname "$0")"
NEEDS=$CLIENT_IF BITS=0 VIA=none TOOLS=rules . ./open.sh
if [ "$FRONT" = nft ]; then
	chains dns-redirect <<-EOF
		chain prerouting {
			type nat hook prerouting priority dstnat - 1
			iifname "$CLIENT_IF" meta l4proto { tcp, udp } th dport 53 redirect to :$RESOLVER_PORT
		}
		chain output {
			type nat hook output priority -101
			meta skuid $RESOLVER_UID return
			meta l4proto { tcp, udp } th dport 53 redirect to :$RESOLVER_PORT
		}
	EOF
	exit
fi
for proto in tcp udp; do
	"$IPT" -t nat -I PREROUTING -i "$CLIENT_IF" -p $proto --dport 53 -j REDIRECT --to-ports "$RESOLVER_PORT"
	"$IPT" -t nat -I OUTPUT -p $proto --dport 53 -m owner ! --uid-owner "$RESOLVER_UID" -j REDIRECT --to-ports "$RESOLVER_PORT"
done
