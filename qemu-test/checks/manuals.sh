# SPDX-License-Identifier: GPL-2.0-only
# The manual pages: format, sections, examples.
# Sourced by check.
# shellcheck shell=bash

# The manual pages.
pages=("$work/xt_UNHOLE.8" nvi/nvi.8 unhole-path/unhole-path.8)
ok_if 'xt_UNHOLE(8) is made' make -s -C libxt_UNHOLE O="$work" "$work/xt_UNHOLE.8"
page_formats() {
	local said s
	for s in NAME SYNOPSIS DESCRIPTION OPTIONS EXAMPLES CAVEATS 'SEE ALSO'; do
		grep -q "^\.SH $s\$" "$1" || { echo "$1 has no section $s"; return 1; }
	done
	said=$(groff -man -Tutf8 -ww "$1" 2>&1 >/dev/null
		mandoc -T lint -W warning "$1")
	[ -z "$said" ] || { echo "$said"; return 1; }
	# What is not named is not run (scenarios man-*).
	awk '/^\.\\" example: / { n = NR } /^\.(EX|nf)/ && n != NR - 1 { print FILENAME ":" NR ": an example without a name"; bad = 1 } END { exit bad }' "$1"
}
for page in "${pages[@]}"; do ok_if "$(basename "$page" .8)(8) formats, and names its examples" page_formats "$page"; done
