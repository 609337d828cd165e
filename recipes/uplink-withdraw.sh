# SPDX-License-Identifier: GPL-2.0-only
# With uplinks.sh: the uplink behind $GW is gone. (A device that goes down takes
# its routes with it; this is for a next hop that is silent.) "undo" when it is back.
#
# With RESERVE=yes these go on: flows whose address the other providers route, too. Their
# source stays what it was, since conntrack binds NAT once. These do not: flows with an
# address of the lost provider only, see uplink-renumber.sh. Without it, all of these are
# told that their net is unreachable.
# TABLES is as it was for uplinks.sh.
# shellcheck shell=sh
set -e
: "${GW:=192.0.2.2}"
cd "$(dirname "$0")"
INSTANCE=$GW VIA=none BITS=0 . ./open.sh
for table in "$TABLES" $((TABLES + 1)) $((TABLES + 2)); do
	# (A table that is not there is an error.)
	$IP route show default table "$table" 2>/dev/null | sed -n "/ via $GW /s/\$/ table $table/p"
done >/run/unhole/withdrawn
[ -s /run/unhole/withdrawn ] || die "no table of uplinks.sh has a route by $GW" 'GW as it was for uplinks.sh'
while read -r route; do
	# shellcheck disable=SC2086 # words
	note $IP route add $route
	# shellcheck disable=SC2086
	$IP route del $route
done </run/unhole/withdrawn
rm /run/unhole/withdrawn
