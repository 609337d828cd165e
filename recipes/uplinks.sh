# SPDX-License-Identifier: GPL-2.0-only
# Three uplinks; the translated source says which one a packet takes.
#
#                                UP1 --- GW1
#   CLIENTSn --- CLIENT_IF [box] UP2 --- GW2
#                                UP3 --- GW3
#
# CLIENT_IF              where the clients come in
# CLIENTS1, 2, 3         who leaves with which source: a network or an address
# SNAT1, SNAT2, SNAT3    the sources, each an address that its uplink's provider
#                        routes to this box
# GW1, GW2, GW3          the next hops. An uplink without one is left out
# RESERVE                yes: the providers route each other's addresses, so the other
#                        uplinks are in reserve for each. (Else what has lost its uplink
#                        is told that its net is unreachable.)
# VIA, FRONT, MARK, ...  see open.sh
#
# For addresses that change, MASQUERADE, replies and the box's own traffic: two-isps.sh.
# shellcheck shell=sh
set -e
: "${CLIENT_IF:=cl0}" "${RESERVE:=no}"
: "${CLIENTS1:=198.51.100.2}" "${SNAT1:=203.0.113.17}" "${GW1=192.0.2.2}"
: "${CLIENTS2:=198.51.100.3}" "${SNAT2:=203.0.113.33}" "${GW2=192.0.2.66}"
: "${CLIENTS3:=198.51.100.4}" "${SNAT3:=203.0.113.49}" "${GW3=192.0.2.130}"
cd "$(dirname "$0")"
NEEDS=$CLIENT_IF FILLS=3 . ./open.sh
forwarding

# uplink N CLIENTS SNAT: the second lookup, by the source. Behind the table's own default
# route are those of the others, or nothing.
uplink() {
	eval "gw=\$GW$1"
	[ -n "$gw" ] || return 0
	table=$((TABLES + $1 - 1)) metric=1
	$IP rule add pref $((PREF + 2)) iif "$VIA" from "$3" lookup "$table"
	$IP route add default via "$gw" metric 1 table "$table"
	loose "$(device_to "$gw")"
	for n in $(($1 % 3 + 1)) $((($1 + 1) % 3 + 1)); do
		eval "gw=\$GW$n" metric=$((metric + 1))
		[ "$RESERVE" = no ] || [ -z "$gw" ] || $IP route add default via "$gw" metric $metric table "$table"
	done
	$IP route add unreachable default metric 9999 table "$table"
	if [ "$FRONT" = nft ]; then
		snat="${snat-}	oifname \"$VIA\" $NF saddr $2 snat to $3
"
	else
		"$IPT" -t nat -A POSTROUTING -o "$VIA" -s "$2" -j SNAT --to-source "$3"
	fi
}
uplink 1 "$CLIENTS1" "$SNAT1"
uplink 2 "$CLIENTS2" "$SNAT2"
uplink 3 "$CLIENTS3" "$SNAT3"
[ "$FRONT" != nft ] || chains uplinks <<EOF
	chain postrouting {
		type nat hook postrouting priority srcnat - 1
	$snat	}
EOF

# Who is not among the clients does not leave with a private source (the mark is hole-from's,
# and no packet of the box has it), and other networks of the box have no uplink to choose.
for net in $($IP route show dev "$CLIENT_IF" table main | sed -n 's/^\([0-9a-f][^ ]*\) .*/\1/p'); do
	case $net in fe80:* | default) continue ;; esac
	$IP rule add pref $((PREF + 3)) iif "$VIA" fwmark "$BIT1/$BIT1" from "$net" unreachable
done
way_back "$CLIENT_IF" "$table"
# (Not "0": wg-quick takes such a rule for its own when it stops.)
others_first "$CLIENT_IF"

# First lookup: only for the NAT. From here on it is at work.
PREF=$((PREF + 1))
DEV=$CLIENT_IF . ./hole-from.sh
