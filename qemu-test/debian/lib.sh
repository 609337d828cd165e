# SPDX-License-Identifier: GPL-2.0-only
# Assertions of the packages' tests, on the host and in the guests. Each counts; the
# first that fails is what the result tells. Logs go to stderr, results to $OUT.
# shellcheck shell=sh

begin() { NAME=$1 asserted=0 failed='' began=$(date +%s); echo "=== $NAME" >&2; }
bad() { echo "FAILED: $1" >&2; [ -n "$failed" ] || failed=$1; }
end() {
	if [ -n "$failed" ]; then verdict=fail; else verdict=pass; fi
	echo "RESULT $RESULT_OF $NAME $verdict $asserted $(($(date +%s) - began)) $(printf %s "$failed" | tr '\n' ' ')" >>"$OUT"
}

# check TEXT COMMAND..., refute TEXT COMMAND..., is TEXT GOT WANT, says TEXT GOT PATTERN
check() {
	text=$1 asserted=$((asserted + 1))
	shift
	"$@" >&2 </dev/null || bad "$text"
}
refute() {
	text=$1 asserted=$((asserted + 1))
	shift
	! "$@" >&2 </dev/null || bad "$text"
}
is() {
	asserted=$((asserted + 1))
	[ "$2" = "$3" ] || bad "$1: got '$2', want '$3'"
}
says() {
	asserted=$((asserted + 1))
	# (No pipe: grep leaves at the first match, and with pipefail its writer's end is a failure.)
	grep -qE -- "$3" <<END || { printf '%s\n' "$2" >&2; bad "$1: no '$3'"; }
$2
END
}
