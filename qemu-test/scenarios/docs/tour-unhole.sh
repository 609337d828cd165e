# SPDX-License-Identifier: GPL-2.0-only
# The tour of xt_UNHOLE/README.md: recipes/tour-unhole.sh, typed line by line, says what
# is shown there. On an unpatched kernel two lines are others, as it says.
# weight: 5
. /unhole/examples.sh
stock_sysctls
tour_typed tour-unhole xt_UNHOLE/README.md
at_least 'it shows a tour' "$(grep -c '^# ' /run/shown)" 25
if [ $PATCHED = 0 ]; then
	must sed -i -e 's/^From 198.51.100.1 \(.*\) Destination Net Unreachable$/From 192.0.2.1 \1 Time to live exceeded/' \
		-e 's/^kernel: has the core/kernel: without the core/' \
		-e "s/; the kernel stops it there\$/; it circles until its TTL is 0/" /run/shown
fi
check 'it says what is shown' diff -u /run/shown /run/typed

# The last of it once more, with somebody watching.
capture wire peer eth0
check 'the client is answered' pings client 3 $FAR
settled wire
is 'by its new source' "$(seen wire "icmp[0] == 8 and src 192.0.2.9 and dst $FAR")" 3
is 'and no other' "$(seen wire 'net 198.51.100.0/24')" 0
must iptables -t raw -D PREROUTING -i lo -j UNHOLE
must conntrack -F
refute 'and not without the rule' pings client 1 $FAR -W 1
