# SPDX-License-Identifier: GPL-2.0-only
# IPv6 prefix translation with two providers: inside, the hosts have addresses of one
# prefix; each leaves by its own provider, with that provider's prefix in its place.
#
#                                UP1 --- GW1     PREFIX1
#   CLIENTSn --- CLIENT_IF [box]
#                                UP2 --- GW2     PREFIX2
#
# INSIDE               the prefix inside, as long as the others
# CLIENTS1, CLIENTS2   who leaves by which: an address or a network
# HOW                  netmap: with conntrack, so that inside nobody is reached unasked.
#                      stateless: RFC 6296, both ways, by ip6tables' SNPT and DNPT
# VIA, FRONT, MARK, ...   see open.sh
# shellcheck shell=sh
set -e
: "${CLIENT_IF:=cl0}" "${INSIDE:=2001:db8:1::/64}" "${HOW:=netmap}"
: "${CLIENTS1:=2001:db8:1::2}" "${PREFIX1:=2001:db8:a1::/64}" "${UP1:=up1}" "${GW1:=2001:db8:2:1::2}"
: "${CLIENTS2:=2001:db8:1::3}" "${PREFIX2:=2001:db8:a2::/64}" "${UP2:=up2}" "${GW2:=2001:db8:2:2::2}"
cd "$(dirname "$0")"
IPTABLES=ip6tables NEEDS="$CLIENT_IF $UP1 $UP2" FILLS=2 . ./open.sh
forwarding

# provider N CLIENTS PREFIX UP GW: the second lookup, by the prefix, and the translation
# before it.
provider() {
	table=$((TABLES + $1 - 1))
	$IP route add default via "$5" dev "$4" metric 1 table $table
	$IP route add unreachable default metric 9999 table $table
	$IP rule add pref $((PREF + 2)) iif "$VIA" from "$3" lookup $table
	case $HOW,$FRONT in
	stateless,*)
		"$IPT" -t mangle -A PREROUTING -i "$4" -d "$3" -j DNPT --src-pfx "$3" --dst-pfx "$INSIDE"
		"$IPT" -t mangle -A POSTROUTING -o "$VIA" -s "$2" -j SNPT --src-pfx "$INSIDE" --dst-pfx "$3"
		;;
	netmap,nft) map="${map-}oifname \"$VIA\" ip6 saddr $2 snat ip6 prefix to ip6 saddr map { $INSIDE : $3 }; " ;;
	netmap,*) "$IPT" -t nat -A POSTROUTING -o "$VIA" -s "$2" -j NETMAP --to "$3" ;;
	*) die "HOW=$HOW is not known" 'HOW=netmap or HOW=stateless' ;;
	esac
}
provider 1 "$CLIENTS1" "$PREFIX1" "$UP1" "$GW1"
provider 2 "$CLIENTS2" "$PREFIX2" "$UP2" "$GW2"
[ "$HOW,$FRONT" != netmap,nft ] || chains nptv6 <<EOF
	chain postrouting { type nat hook postrouting priority srcnat - 1; $map}
EOF

# Who is not among the clients does not leave with an inside address, and other networks of
# the box have no provider to choose.
$IP rule add pref $((PREF + 3)) iif "$VIA" from "$INSIDE" unreachable
others_first "$CLIENT_IF"
# (What the box itself sends to its clients has iif lo, too.)
[ "$VIA" != lo ] || $IP rule add pref "$PREF" iif lo lookup main suppress_prefixlength 1

# First lookup: only for the translation. From here on it is at work.
PREF=$((PREF + 1))
DEV=$CLIENT_IF . ./hole-from.sh
