# SPDX-License-Identifier: GPL-2.0-only
# IPv6: link-local and multicast destinations are never unholed, even where a
# unicast route leads them into loopback, and neither is ::1. A global address by
# the same route is.
# spread: no
topology
must modprobe xt_UNHOLE
must ip -6 nexthop add id 50 dev lo
must ip -6 route add default nhid 50 table 50
# In front of table local, which has routes for multicast.
must ip -6 rule add fwmark 0x50 lookup 50 pref 10
must ip -6 rule add lookup local pref 20
must ip -6 rule del pref 0
must ip addr add fe80::1/64 dev lo nodad
must ip -6 route add fe80::/64 nhid 50 metric 1
capture wire peer eth0
# sent DESTINATION [OPTIONS]: how the counters moved for one ping that is lost.
sent() {
	_u=$(stat_unhole unholed) _g=$(stat_unhole genuine) _lo=$(rx lo)
	refute "$1: no answer, $rule the rule" ping -n -q -c 1 -W 0.3 "$@"
	counted="lo $(($(rx lo) - _lo)) unholed $(($(stat_unhole unholed) - _u)) genuine $(($(stat_unhole genuine) - _g))"
}
for rule in without with; do
	g=1
	case $rule in
	without) g=0 ;;
	with) unhole6 ;;
	esac
	sent fe80::dead%lo
	is "link-local, $rule the rule" "$counted" "lo 1 unholed 0 genuine $g"
	for group in ff05::1234 ff0e::1234; do
		sent $group -m 80 -I $BOX6
		is "multicast $group, $rule the rule" "$counted" "lo 1 unholed 0 genuine $g"
	done
done
sent $FAR6 -m 80
at_least 'a global address by the same route is unholed' "$(stat_unhole unholed)" 1
settled wire
is 'nothing of link-local or of these groups got out' \
	"$(seen wire 'dst fe80::dead or dst ff05::1234 or dst ff0e::1234')" 0
