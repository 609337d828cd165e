# SPDX-License-Identifier: GPL-2.0-only
# README's three-minute tour: recipes/tour.sh, typed line by line, says what README
# shows, but for times, identifiers, blanks at the end of a line, and what versions of
# iptables print in other words. On an unpatched
# kernel two lines are others, as README says.
# weight: 5
# same: what differs from run to run.
same() { sed -E 's/time=[0-9.]+ ms/time=N ms/; s/id=[0-9]+/id=N/g; s/^icmp +1 [0-9]+/icmp 1 N/; s/ +$//
	s/policy ACCEPT [0-9]+ packets, [0-9]+ bytes/policy ACCEPT N packets, N bytes/; s/ 0    -- / all  -- /'; }
# tour: the console blocks behind "<!-- tour -->", which are one session.
tour() { awk '/^<!-- tour -->$/ { t = 1 } /^```$/ { t = on = 0 } on; t && /^```console$/ { on = 1 }' "$1"; }

stock_sysctls
grep -v '^#' /unhole/recipes/tour.sh | grep . | sh /unhole/transcript >"$RESULTS/tour.transcript"
same <"$RESULTS/tour.transcript" >/run/typed
tour /unhole/README.md | same >/run/shown
at_least 'README shows a tour' "$(grep -c '^# ' /run/shown)" 25
if [ $PATCHED = 0 ]; then
	must sed -i -e 's/^From 198.51.100.1 \(.*\) Destination Net Unreachable$/From 192.0.2.1 \1 Time to live exceeded/' \
		-e 's/^kernel: has the core/kernel: without the core/' \
		-e "s/; the kernel stops it there\$/; it circles until its TTL is 0/" /run/shown
fi
check 'it says what README shows' diff -u /run/shown /run/typed

# The last of it once more, with somebody watching.
capture wire peer eth0
check 'the client is answered' pings client 3 $FAR
settled wire
is 'by its new source' "$(seen wire "icmp[0] == 8 and src 192.0.2.9 and dst $FAR")" 3
is 'and no other' "$(seen wire 'net 198.51.100.0/24')" 0
must iptables -t raw -D PREROUTING -i lo -j UNHOLE
must conntrack -F
refute 'and not without the rule' pings client 1 $FAR -W 1
