# SPDX-License-Identifier: GPL-2.0-only
# What README, NOTES and the guide say of the project is so.
# Sourced by check.
# shellcheck shell=bash

# The documents of a user, and those that say why.
user_docs='README.md INSTALL.md recipes/README.md xt_UNHOLE/README.md'
docs="$user_docs NOTES.md recipes/bridge.md"
readme_short() { [ "$(wc -l <README.md)" -le 250 ]; }
ok_if 'README has at most 250 lines' readme_short
# What recipes take by default stands in open.sh, and is told in a table.
allotted() {
	local n=0 uses row
	# shellcheck disable=SC2016 # it is sed that reads it
	while read -r uses row; do
		grep -E "^\| ${uses}: .*$row|^\| ${uses} \| $row" recipes/README.md >/dev/null ||
			{ echo "recipes/README.md does not say of $uses: $row"; return 1; }
		n=$((n + 1))
	done < <(sed -n 's/^\([a-z]*\)) : "${MARK:=\([^}]*\)}" "${TABLE:=\([^}]*\)}" "${TABLES:=\([^}]*\)}" "${PREF:=\([^}]*\)}" ;;$/\1 \\| \2 \\| \3 \\| \4 \\| \5 \\|/p' recipes/open.sh)
	[ "$n" -ge 4 ]
}
ok_if 'recipes/README.md tells what marks, tables and preferences recipes take' allotted
# Each recipe is in the table of recipes.
recipes_listed() {
	local f bad=0
	for f in recipes/*.sh; do
		f=$(basename "$f")
		case $f in open.sh | lab.sh | tour*.sh | bridge-* | stock-input.sh) continue ;; esac
		grep -F -e "$f" -e "${f/6/}" recipes/README.md >/dev/null || { echo "recipes/README.md does not list $f"; bad=1; }
	done
	return $bad
}
ok_if 'recipes/README.md lists each recipe' recipes_listed
# Every "make TARGET" that is shown is one of make's own list.
make_targets() {
	local t n=0
	make -s help | sed -n 's/^make \([a-z-]*\).*/\1/p' >"$work/targets"
	# shellcheck disable=SC2016,SC2086 # a backquote, a list
	while read -r t; do
		grep -qx -- "$t" "$work/targets" || { echo "make has no target $t"; return 1; }
		n=$((n + 1))
	done < <(grep -ohE '(^    |`)([A-Z]+=[^ `]+ )*make( [a-z][a-z-]*)+' $docs |
		sed 's/.*make //' | tr ' ' '\n' | sort -u)
	[ "$n" -ge 8 ]
}
ok_if 'make has every target that README and NOTES name' make_targets
# What README and NOTES name is there: scripts, by their names; links, with headings.
names_exist() {
	local f n=0 anchor
	# shellcheck disable=SC2086 # a list, and a glob, as "snat-pool*-nexthop.sh"
	while read -r f; do
		ls recipes/$f qemu-test/scenarios/*/$f $f >"$work/ls" 2>/dev/null || :
		[ -s "$work/ls" ] || { echo "there is no $f"; return 1; }
		n=$((n + 1))
	done < <(grep -ohE '[A-Za-z0-9/*-]+\.sh\b' $docs |
		grep -v NAME | sed 's|^/usr/lib/unhole/|recipes/|' | sort -u)
	local doc to
	for doc in $docs; do
		while read -r f; do
			anchor=${f#*#}
			[ "$anchor" != "$f" ] || anchor=
			f=${f%%#*}
			to=$(dirname "$doc")/$f
			[ -n "$f" ] || to=$doc
			[ -e "$to" ] || { echo "$doc: a link leads to $f, which is not there"; return 1; }
			[ -z "$anchor" ] || sed -n 's/^#* //p' "$to" | tr 'A-Z ' 'a-z-' | tr -d "?.,:'" | grep -x -- "$anchor" >/dev/null ||
				{ echo "$doc: a link leads to $anchor in $to, which has no such heading"; return 1; }
		done < <(grep -oE '\]\([^)]+\)' "$doc" | sed 's/^](//; s/)$//' | grep -v '^http')
	done
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
		for f in libxt_UNHOLE/libxt_UNHOLE.{man,t} xt_UNHOLE/unhole.rst xt_UNHOLE/README.md; do
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
