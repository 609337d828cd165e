# SPDX-License-Identifier: GPL-2.0-only
# What README, NOTES and the guide say of the project is so.
# Sourced by check.
# shellcheck shell=bash

readme_recipes() {
	local name n=0
	while read -r name; do
		sed -n "/^<!-- recipe: $name -->\$/,/^\`\`\`\$/{/^<!--/d;/^\`\`\`/d;p}" README.md >"$work/block"
		grep -v '^#' "recipes/$name.sh" | diff -u "$work/block" - || return 1
		n=$((n + 1))
	done < <(sed -n 's/^<!-- recipe: \(.*\) -->$/\1/p' README.md)
	[ "$n" -ge 4 ]
}
ok_if "README's recipes are the scripts that the tests run" readme_recipes
# Every "make TARGET" that is shown is one of make's own list.
make_targets() {
	local t n=0
	make -s help | sed -n 's/^make \([a-z-]*\).*/\1/p' >"$work/targets"
	# shellcheck disable=SC2016 # a backquote
	while read -r t; do
		grep -qx -- "$t" "$work/targets" || { echo "make has no target $t"; return 1; }
		n=$((n + 1))
	done < <(grep -ohE '(^    |`)([A-Z]+=[^ `]+ )*make( [a-z][a-z-]*)+' README.md NOTES.md recipes/bridge.md |
		sed 's/.*make //' | tr ' ' '\n' | sort -u)
	[ "$n" -ge 8 ]
}
ok_if 'make has every target that README and NOTES name' make_targets
# What README and NOTES name is there: scripts, by their names; links, with headings.
names_exist() {
	local f n=0 anchor
	# shellcheck disable=SC2086 # a glob, as "snat-pool*-nexthop.sh"
	while read -r f; do
		ls recipes/$f qemu-test/scenarios/*/$f $f >"$work/ls" 2>/dev/null || :
		[ -s "$work/ls" ] || { echo "there is no $f"; return 1; }
		n=$((n + 1))
	done < <(grep -ohE '[A-Za-z0-9/*-]+\.sh\b' README.md NOTES.md | grep -v NAME | sort -u)
	while read -r f; do
		anchor=${f#*#}
		[ "$anchor" != "$f" ] || anchor=
		f=${f%%#*}
		[ -e "${f:-README.md}" ] || { echo "a link leads to $f, which is not there"; return 1; }
		[ -z "$anchor" ] || sed -n 's/^#* //p' "${f:-README.md}" | tr 'A-Z ' 'a-z-' | tr -d "?.,:'" | grep -x -- "$anchor" >/dev/null ||
			{ echo "a link leads to $anchor in ${f:-README.md}, which has no such heading"; return 1; }
	done < <(grep -oE '\]\([^)]+\)' README.md | sed 's/^](//; s/)$//')
	[ "$n" -ge 20 ]
}
ok_if 'what README and NOTES name is there' names_exist
figure_framed() { "$QT/figure" --frame packet-path.svg | diff -u packet-path.svg -; }
ok_if "packet-path.svg is in qemu-test/figure's frame" figure_framed
# Every option of the target stands in all that tells of options, and nothing tells of one
# that there is not.
options_told() {
	local o f bad=0
	sed -n 's/.*{\.name = "\([a-z-]*\)".*/\1/p' libxt_UNHOLE/libxt_UNHOLE.c | sort >"$work/options"
	[ "$(wc -l <"$work/options")" -ge 4 ] || { echo "found only: $(cat "$work/options")"; return 1; }
	while read -r o; do
		for f in libxt_UNHOLE/libxt_UNHOLE.{man,t} xt_UNHOLE/unhole.rst README.md; do
			sed 's/\\-/-/g' "$f" | grep -- "--$o\b" >/dev/null || { echo "$f does not tell of --$o"; bad=1; }
		done
		grep -q -- "^	     \"  --$o " libxt_UNHOLE/libxt_UNHOLE.c || { echo "-h does not tell of --$o"; bad=1; }
	done <"$work/options"
	grep -oE '^	     "  --[a-z-]+' libxt_UNHOLE/libxt_UNHOLE.c | sed 's/.*--//' | sort | diff "$work/options" - || bad=1
	sed -n 's/^\\fB\\-\\-\([a-z\\-]*\)\\fP.*/\1/p; s/^\.BR* "*\\-\\-\([a-z\\-]*\).*/\1/p' libxt_UNHOLE/libxt_UNHOLE.man | sed 's/\\//g' | sort -u >"$work/in-man"
	comm -13 "$work/options" "$work/in-man" | grep . && { echo 'the manual page alone has it'; bad=1; }
	return $bad
}
ok_if 'every option of the target is documented, and no other' options_told
