# SPDX-License-Identifier: GPL-2.0-only
# With uplinks.sh: $CLIENTS leave with $NEW from now on, no longer with $OLD. New
# flows do so by the rule alone. For those that run, the entry that binds them to
# $OLD is deleted: ICMP and UDP then go on with $NEW, as far as their far end does
# not mind; a TCP connection is reset by its far end, which has never heard of it.
# VIA and FRONT are as they were for uplinks.sh. "undo" gives new flows $OLD again.
# shellcheck shell=sh
set -e
: "${CLIENTS:=198.51.100.2}" "${OLD:=203.0.113.17}" "${NEW:=203.0.113.33}"
cd "$(dirname "$0")"
INSTANCE=$(echo "$CLIENTS-$OLD" | tr / -) OPEN=no BITS=0 FILLS=none TOOLS=conntrack . ./open.sh

# replace FROM TO: the rule's number, or its handle, and then the rule.
replace() {
	if [ "$FRONT" = nft ]; then
		n=$(nft -a list chain "$NF" unhole-uplinks postrouting 2>/dev/null |
			sed -n "s|.* saddr $CLIENTS snat to $1 # handle ||p")
		[ -z "$n" ] || nft replace rule "$NF" unhole-uplinks postrouting handle "$n" \
			oifname "$VIA" "$NF" saddr "$CLIENTS" snat to "$2"
	else
		n=$("$IPT" -t nat -S POSTROUTING | grep -n -- "--to-source $1\$" | head -n 1 | awk -F: '{ print $1 - 1 }')
		[ -z "$n" ] || "$IPT" -t nat -R POSTROUTING "$n" -o "$VIA" -s "$CLIENTS" -j SNAT --to-source "$2"
		# uplinks.sh takes it away, too.
		[ -z "$STATE" ] || [ ! -e "${STATE%/*}/uplinks${F#4}" ] ||
			echo "$IPT -t nat -D POSTROUTING -o $VIA -s $CLIENTS -j SNAT --to-source $2" >>"${STATE%/*}/uplinks${F#4}"
	fi
	[ -n "$n" ] || die "no rule of uplinks.sh gives $CLIENTS the source $1" 'VIA, FRONT, CLIENTS and SNAT as they were for uplinks.sh'
}
# (RECIPE: that is no recipe of its own, and has nothing to be undone.)
note "env RECIPE=back IPTABLES=$IPT VIA=$VIA FRONT=$FRONT CLIENTS=$CLIENTS OLD=$NEW NEW=$OLD sh ./uplink-renumber.sh"
replace "$OLD" "$NEW"
[ "$RECIPE" = back ] || conntrack -D -f "ipv$F" --reply-dst "$OLD" >/dev/null 2>&1 || : # there may be none
