# SPDX-License-Identifier: GPL-2.0-only
# With uplinks.sh: $CLIENTS leave with $NEW from now on, no longer with $OLD. New
# flows do so by the rule alone. For those that run, the entry that binds them to
# $OLD is deleted: ICMP and UDP then go on with $NEW, as far as their far end does
# not mind; a TCP connection is reset by its far end, which has never heard of it.
# VIA is as it was for uplinks.sh.
# shellcheck shell=sh
set -e
: "${CLIENTS:=198.51.100.2}" "${OLD:=203.0.113.17}" "${NEW:=203.0.113.33}" "${VIA:=lo}"
iptables -t nat -R POSTROUTING \
	"$(iptables -t nat -S POSTROUTING | grep -n -- "--to-source $OLD\$" | head -n 1 | awk -F: '{ print $1 - 1 }')" \
	-o "$VIA" -s "$CLIENTS" -j SNAT --to-source "$NEW"
conntrack -D --reply-dst "$OLD" >/dev/null 2>&1 || :	# there may be none
