# SPDX-License-Identifier: GPL-2.0-only
# IPv6 in one go, with the rule of either front end: held by the hole without it,
# local and external origin through the hole with it.
# leaks: yes
# weight: 5
# spread: no
topology
hole_local6
hole_from6 cl0
must sysctl -qw net.ipv6.conf.all.forwarding=1
refute 'local origin, no rule: no answer' pings box 1 $FAR6 -W 0.5
refute 'external origin, no rule: no answer' pings client 1 $FAR6 -W 0.5
for ipt in $(front_ends ip6tables-legacy ip6tables-nft); do
	must $ipt -t raw -A PREROUTING -i lo -j UNHOLE
	before=$(stat_unhole unholed)
	check "$ipt: local origin: answered" pings box 3 $FAR6
	check "$ipt: external origin: answered" pings client 3 $FAR6
	is "$ipt: through the hole" $(($(stat_unhole unholed) - before)) 6
	must $ipt -t raw -F
done
