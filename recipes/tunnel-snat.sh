# SPDX-License-Identifier: GPL-2.0-only
# What clients send to a network behind a tunnel gets an address that the tunnel's far end
# knows, and only then meets the tunnel: WireGuard, an xfrm interface, or a policy of IPsec.
#
#   CLIENTS --- CLIENT_IF [box: SNAT, then the tunnel] === far end --- BEYOND
#
# CLIENT_IF   the device that clients come in by
# CLIENTS     who, a network; the box itself is not among them
# BEYOND      the network behind the far end
# SNAT        the address that they get
# TUNNEL      the tunnel's device; none: a policy of IPsec looks for SNAT and BEYOND
# VIA, FRONT, MARK, ...   see open.sh
# shellcheck shell=sh
set -e
: "${CLIENT_IF:=cl0}" "${CLIENTS:=198.51.100.0/24}" "${BEYOND:=203.0.113.0/24}" "${SNAT:=192.0.2.129}" "${TUNNEL:=}"
cd "$(dirname "$0")"
NEEDS="$CLIENT_IF $TUNNEL" FILLS=${TUNNEL:+1} . ./open.sh
forwarding

# Second lookup, by the address that SNAT has given. For a policy main will do. Where the
# tunnel is down, nothing leaves in the clear.
if [ -n "$TUNNEL" ]; then
	$IP route add default dev "$TUNNEL" metric 1 table "$TABLES"
	$IP route add unreachable default metric 9999 table "$TABLES"
	$IP rule add pref $((PREF + 1)) iif "$VIA" from "$SNAT" lookup "$TABLES"
fi
# First lookup: into the hole.
let_in "$CLIENT_IF"
into "$TABLE"
if [ "$FRONT" = nft ]; then
	chains tunnel-snat <<-EOF
		chain prerouting {
			type filter hook prerouting priority mangle + 10
			iifname "$CLIENT_IF" $NF saddr $CLIENTS $NF daddr $BEYOND meta mark set meta mark | $BIT1
		}
		chain postrouting {
			type nat hook postrouting priority srcnat - 1
			oifname "$VIA" $NF saddr $CLIENTS $NF daddr $BEYOND snat to $SNAT
		}
	EOF
else
	"$IPT" -t nat -A POSTROUTING -o "$VIA" -s "$CLIENTS" -d "$BEYOND" -j SNAT --to-source "$SNAT"
	"$IPT" -t mangle -A PREROUTING -i "$CLIENT_IF" -s "$CLIENTS" -d "$BEYOND" -j MARK --set-xmark "$BIT1/$BIT1"
fi
$IP rule add pref "$PREF" iif "$CLIENT_IF" fwmark "$BIT1/$BIT1" lookup "$TABLE"
