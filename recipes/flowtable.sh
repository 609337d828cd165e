# SPDX-License-Identifier: GPL-2.0-only
# Established connections past the hole: nftables' flow table takes them from NIC to NIC,
# translated as before, by fewer instructions than plain forwarding. Beside it stand the
# rules that lead into the hole, by lo or by an nvi device.
#
#   client --- CLIENT_IF [box] --- UPLINKS
#
# CLIENT_IF   where the clients come in
# UPLINKS     the uplinks: up0, up1
#
# A connection is offered by its first reply, which does not go through the hole; both
# directions then know their NICs. (Offered by the client's packet, one of them would end
# in the hole.) From there on the uplink is the one that replies come in by, whatever the
# second lookup would say; and FORWARD, its counters and its logs see no more of the
# connection: a rule that comes later does not stop it.
# shellcheck shell=sh
set -e
: "${CLIENT_IF:=cl0}" "${UPLINKS:=up0}"
cd "$(dirname "$0")"
UPLINKS=$(echo "$UPLINKS" | tr ',' ' ')
VIA=none BITS=0 TOOLS=nft NEEDS="$CLIENT_IF $UPLINKS" . ./open.sh
ups=$(for up in $UPLINKS; do printf '"%s", ' "$up"; done)
# Behind the firewall's own chains, which may drop the reply.
# shellcheck disable=SC2034 # chains
NF=inet
chains flowtable <<EOF
	flowtable nics {
		hook ingress priority 0
		devices = { $ups"$CLIENT_IF" }
	}
	chain forward {
		type filter hook forward priority filter + 10
		iifname { $ups} flow add @nics
	}
EOF
