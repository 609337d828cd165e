# SPDX-License-Identifier: GPL-2.0-only
# README's tour with nvi and nftables: recipes/tour.sh, typed line by line, says what README
# shows.
# patches: none
# weight: 4
. /unhole/examples.sh
tour_typed tour README.md
at_least 'README shows a tour' "$(grep -c '^# ' /run/shown)" 12
check 'it says what README shows' diff -u /run/shown /run/typed
is 'the second client, by the second provider' "$(grep -c 'src=198.51.100.3 dst=203.0.113.7.*dst=192.0.2.129 ' /run/typed)" 1
