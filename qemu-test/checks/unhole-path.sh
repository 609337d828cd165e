# SPDX-License-Identifier: GPL-2.0-only
# The tool, on this machine, whatever its network is.
# Sourced by check.
# shellcheck shell=bash

# The tool: on this machine, whatever its network is.
path=$work/unhole-path
ok_if 'cppcheck: unhole-path' c_check -DVERSION='""' -I xt_UNHOLE/include unhole-path
ok_if 'unhole-path builds without a warning' make -s -C unhole-path O="$work" CFLAGS='-O2 -g -Werror'
ok_if 'unhole-path, fuzzed: the sanitizers are silent' make -s -C unhole-path O="$work" fuzz
# path_runs STATUSES ARGUMENTS...: ends with one of them, and not otherwise.
path_runs() {
	local rc=0
	valgrind -q --error-exitcode=99 --leak-check=full --show-leak-kinds=definite,possible "$path" "${@:2}" || rc=$?
	[[ " $1 " == *" $rc "* ]]
}
ok_if 'unhole-path under valgrind: a question' path_runs '0 1 3' to 192.0.2.1 mark 1
ok_if 'unhole-path under valgrind: JSON, IPv6' path_runs '0 1 3' -j to 2001:db8::1 from 2001:db8::2 iif lo snat 2001:db8::3
ok_if 'unhole-path under valgrind: doctor' path_runs '0 1 3' doctor
ok_if 'unhole-path: bad arguments end with 2' path_runs 2 to nowhere
json_is_json() { { "$path" -j "$@" || [ $? != 2 ]; } | python3 -m json.tool; }
ok_if 'unhole-path -j: JSON' json_is_json to 2001:db8::1 mark 7
ok_if 'unhole-path -j doctor: JSON' json_is_json doctor
# The reasons and checks that the program may answer with, each in the piece of C that
# it stands in.
path_answers() {
	grep -ohE 'say\([^"]*, "[a-z0-9_-]+"' unhole-path/{doctor,replies,forward,holes,recipes,others}.c
	grep -ohE 'V_[A-Z]+, "[a-z0-9-]+"|: V_[A-Z]+, "[a-z-]+"|"unholed" : "no-hole"|reason = "[a-z-]+"' unhole-path/{decide,main}.c
}
quoted_words() { grep -oE '"[a-z0-9_-]+\\?"' | sed 's/[^a-z0-9_-]//g' | sort -u; }
# The schema and the program know the same words.
path_words() {
	local w bad=0
	python3 qemu-test/guest/schema.py --words unhole-path/schema.json >"$work/words" || return
	[ "$(wc -l <"$work/words")" -ge 80 ] || { echo 'a schema with so few words?'; return 1; }
	while read -r w; do
		grep -qE "\\\\?\"$w\\\\?\"" unhole-path/{decide,doctor,print,fib,main,watch,journey,forward,holes,recipes,others}.c || { echo "$w is in the schema alone"; bad=1; }
	done <"$work/words"
	{
		path_answers
		grep -ohE '(json_field|json_key|json_list)\([^"]*"[a-z_]+"|\\"[a-z_]+\\":' unhole-path/{print,doctor,watch,journey}.c
	} | quoted_words >"$work/said"
	[ "$(wc -l <"$work/said")" -ge 60 ] || { echo "found only: $(cat "$work/said")"; return 1; }
	while read -r w; do
		grep -qx -- "$w" "$work/words" || { echo "the schema lacks $w"; bad=1; }
	done <"$work/said"
	return $bad
}
ok_if 'unhole-path -j: the schema has its words, and no others' path_words
path_fits() { { "$path" -j "$@" || [ $? != 2 ]; } | python3 qemu-test/guest/schema.py unhole-path/schema.json; }
ok_if 'unhole-path -j: as in the schema' path_fits to 2001:db8::1 mark 7
ok_if 'unhole-path -j doctor: as in the schema' path_fits doctor
# What it can say is what its manual page says.
path_reasons() {
	local r n=0 page
	page=$(sed 's/\\-/-/g' unhole-path/unhole-path.8)
	while read -r r; do
		grep -qw -- "$r" <<<"$page" || { echo "the manual page lacks $r"; return 1; }
		n=$((n + 1))
	done < <(path_answers | quoted_words)
	[ "$n" -ge 40 ]
}
ok_if 'unhole-path: the manual page has every reason and every check' path_reasons
completes() { # WANT WORDS...: the last of them is being typed
	local COMP_WORDS=("${@:2}") COMP_CWORD=$(($# - 2)) COMPREPLY
	# shellcheck source=unhole-path/unhole-path.bash
	. unhole-path/unhole-path.bash
	_unhole_path
	[ "${COMPREPLY[*]}" = "$1" ]
}
ok_if 'its completion: a word' completes iif unhole-path to 192.0.2.1 ii
ok_if 'its completion: a device' completes lo unhole-path to 192.0.2.1 iif lo
ok_if 'its completion: none twice' completes 'tos type' unhole-path to 192.0.2.1 t
ok_if 'shellcheck: its completion' shellcheck -s bash unhole-path/unhole-path.bash
