# SPDX-License-Identifier: GPL-2.0-only
# Source lines of the kernel that NOTES.md and recipes/bridge.md name.
# Sourced by check.
# shellcheck shell=bash

grep -v '^#' "$QT/checks/cited.list" >"$work/cited"
# cited_lines K TREE: they hold that text.
cited_lines() {
	local k at text line bad=0
	while IFS='|' read -r k at text; do
		case $k/$1 in "$1/$1" | both/6.1 | both/6.12) ;; *) continue ;; esac
		line=$(sed -n "${at#*:}p" "$2/${at%:*}")
		[[ "$line" == *"$text"* ]] || { echo "$at of $1 is: $line"; bad=1; }
	done <"$work/cited"
	return $bad
}
# What they name is in the list, and the list is what they name. (In a row of
# numbers, "FILE:1 on 6.1, 2 on 6.12", only the first has its file beside it.)
cited_all() {
	local at bad=0
	while read -r at; do
		grep -qF "|$at|" "$work/cited" || { echo "$at is named, and not known here"; bad=1; }
	done < <(grep -ohE '(net|include|drivers)/[a-z0-9_/]+\.[ch]:[0-9]+' recipes/bridge.md NOTES.md)
	while read -r at; do
		grep -lF "${at%:*}:" recipes/bridge.md NOTES.md | xargs -r grep -lw "${at#*:}" | grep . >/dev/null ||
			{ echo "neither recipes/bridge.md nor NOTES.md names $at"; bad=1; }
	done < <(cut -d'|' -f2 "$work/cited")
	return $bad
}
ok_if 'NOTES.md, recipes/bridge.md: each source line that they name is known here' cited_all
for k in $PATCHED_KERNELS; do
	ok_if "$k: the source lines that NOTES.md and recipes/bridge.md name" cited_lines "$k" "$("$QT/build/fetch" source "$k")"
done
