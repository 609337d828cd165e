# SPDX-License-Identifier: GPL-2.0-only
# uplink-renumber.sh for IPv6, with uplinks6.sh: $CLIENTS leave with $NEW from now
# on, no longer with $OLD. The entry that binds a running flow to $OLD is deleted;
# ICMP and UDP then go on with $NEW, a TCP connection is reset by its far end.
# VIA is as it was for uplinks6.sh.
# shellcheck shell=sh
set -e
: "${CLIENTS:=2001:db8:1::2}" "${OLD:=2001:db8:a1::17}" "${NEW:=2001:db8:a2::33}" "${VIA:=lo}"
ip6tables -t nat -R POSTROUTING \
	"$(ip6tables -t nat -S POSTROUTING | grep -n -- "--to-source $OLD\$" | head -n 1 | awk -F: '{ print $1 - 1 }')" \
	-o "$VIA" -s "$CLIENTS" -j SNAT --to-source "$NEW"
conntrack -D -f ipv6 --reply-dst "$OLD" >/dev/null 2>&1 || :	# there may be none
