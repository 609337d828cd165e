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
# What nvi-alike lets differ is what nvi(8) says that differs. (In a guest it is asked again.)
differences_told() {
	python3 - "$(groff -man -Tascii -P-cbou -rLL=2000n nvi/nvi.8)" qemu-test/scenarios/nvi/nvi-alike.sh <<-'EOT'
	import shlex, sys
	page = ' '.join(sys.argv[1].split())
	with open(sys.argv[2]) as f:
	    text = f.read().split('# --- what must differ', 1)[1].split('# --- forwarding as such', 1)[0]
	words = [w.split('=', 1)[-1].split(':', 1)[-1].rstrip(';') for w in shlex.split(text, comments=True)]
	sentences = [w for w in words if w.count(' ') > 3]
	untold = [s for s in sentences if s not in page]
	sys.exit('\n'.join(untold) or ('%d sentences were found' % len(sentences) if len(sentences) < 10 else 0))
	EOT
}
ok_if 'nvi(8) says what nvi-alike lets differ' differences_told
