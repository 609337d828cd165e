# SPDX-License-Identifier: GPL-2.0-only
# What the host's scripts share. Sourced, with bash.
# shellcheck shell=bash

set -euo pipefail
export LC_ALL=C
umask 022

QT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
export TOP=${QT%/*}
# shellcheck source=qemu-test/config
. "$QT/config"

export CACHE=${XDG_CACHE_HOME:-$HOME/.cache}/xt_unhole
mkdir -p "$CACHE"

# From the table: every K, patched ones and stock ones, and "stock", the oldest of those.
PATCHED_KERNELS=$(awk 'NF { printf "%s%s", s, $1; s = " " }' <<<"$RELEASES")
KERNELS="$PATCHED_KERNELS $(awk 'NF { printf "%sstock-%s", s, $1; s = " " }' <<<"$RELEASES")"
STOCK=stock-${PATCHED_KERNELS%% *}
is_stock() { [ "${1#stock}" != "$1" ]; }
# field TABLE KEY N: of the row of a table in config; nothing for "-", or where there is no
# such row.
field() { awk -v k="$2" -v n="$3" '$1 == k && $n != "-" { print $n }' <<<"$1"; }
# kernel_suite K, userland K: the suites that its kernel and its guest are of.
kernel_suite() { field "$RELEASES" "${1#stock-}" 2; }
userland() { field "$RELEASES" "${1#stock-}" 3; }
# triplet ARCH: as compilers for it are called.
triplet() { field "$TRIPLETS" "$1" 2; }

# matches NAME GLOBS: is it one of them?
matches() {
	local glob IFS=' '
	set -f
	for glob in $2; do
		# shellcheck disable=SC2254 # a glob is what it may be
		case $1 in $glob) set +f; return 0 ;; esac
	done
	set +f
	return 1
}

say() { printf '%s\n' "$*" >&2; }
die() { printf 'error: %s\n' "$*" >&2; exit 1; }

# die_cure CAUSE CURE
die_cure() { printf 'error: %s\n  cure: %s\n' "$1" "$2" >&2; exit 1; }

# Runs a command, its output in LOG, with one line of progress: what, how many
# objects so far (of about TOTAL), how long so far.
# with_progress WHAT LOG TOTAL COMMAND...
with_progress() {
	local what=$1 log=$2 total=$3 start=$SECONDS rc=0 pid n shown=0
	shift 3
	"$@" >"$log" 2>&1 </dev/null &
	pid=$!
	while kill -0 "$pid" 2>/dev/null; do
		n=$(grep -cE '^  (CC|AS|LD|AR|HOSTCC) ' "$log" || :)
		if [ -t 2 ]; then
			printf '\r\033[K%s: %s%s, %ds' "$what" \
				"$([ "$total" -gt 0 ] && echo "$n of about $total steps" || echo working)" \
				'' $((SECONDS - start)) >&2
		elif [ $((SECONDS - start)) -ge $((shown + 30)) ]; then
			shown=$((SECONDS - start))
			say "$what: $([ "$total" -gt 0 ] && echo "$n of about $total steps, ")${shown}s so far"
		fi
		# A tick of the display, not a synchronisation: wait -n would
		# not let the line be redrawn.
		sleep 0.5
	done
	wait "$pid" || rc=$?
	[ ! -t 2 ] || printf '\r\033[K' >&2
	if [ "$rc" -ne 0 ]; then
		say "$what: failed after $((SECONDS - start))s; last lines of $log:"
		grep -m 5 -E '(error|Error|cannot|E): ' "$log" >&2 || :
		tail -n 10 "$log" >&2
		return "$rc"
	fi
	say "$what: done in $((SECONDS - start))s"
}

# lock NAME: takes a part of the cache (kernel-6.12, packages, ...) for this
# process and those that it calls, until it ends; waits for whoever has it.
lock() {
	local fd
	case " ${UNHOLE_LOCKS-} " in *" $1 "*) return 0 ;; esac
	exec {fd}>"$CACHE/lock-$1"
	flock -n "$fd" || { say "waiting for another process that works on $1"; flock "$fd"; }
	export UNHOLE_LOCKS="${UNHOLE_LOCKS-} $1"
}

need_disk() { # MiB
	local have
	have=$(df -Pm "$CACHE" | awk 'NR == 2 { print $4 }')
	[ "$have" -ge "$1" ] || die_cure \
		"$CACHE has $have MiB free, this needs $1 MiB" \
		"free some, or point XDG_CACHE_HOME at a larger disk"
}

# kernel_name K: the name in full; the default where there is none.
kernel_name() {
	local k=${1:-$DEFAULT_K}
	[ "$k" != stock ] || k=$STOCK
	case " $KERNELS " in
	*" $k "*) echo "$k" ;;
	*) die_cure "K=$1 is not supported" "K is one of: $KERNELS" ;;
	esac
}

# built_flavour NAME: the flavour as which its kernel is built. What differs by the command
# line only is the same kernel.
built_flavour() {
	if [ "$1" = pristine ] || [ -n "$(field "$FLAVOURS" "$1" 2)" ]; then echo "$1"; else echo normal; fi
}
# flavour_kernels NAME: those that have it.
flavour_kernels() {
	local k
	k=$(field "$FLAVOURS" "$1" 4)
	case $k in
	all) echo "$KERNELS" ;;
	patched) echo "$PATCHED_KERNELS" ;;
	*) echo "${k//,/ }" ;;
	esac
}
check_flavour() { # K FLAVOUR
	local have
	have=$(flavour_kernels "$2")
	[ -n "$have" ] || die_cure "FLAVOUR=$2 is not supported" \
		"FLAVOUR is one of: $(awk 'NF { printf "%s%s", s, $1; s = " " }' <<<"$FLAVOURS")"
	case " any $have " in
	*" $1 "*) ;;
	*) die_cure "K=$1 has no $2 flavour" "use FLAVOUR=normal, or K= one of: $have" ;;
	esac
}

hash_of() { sha256sum | cut -c1-8; }

# scenario_files FOLDER [NAME]: the scenarios in a folder and in its rooms, or that one.
scenario_files() {
	local f
	for f in "$1"/*.sh "$1"/*/*.sh; do
		case ${f##*/} in
		"*.sh") ;; # the pattern itself: nothing there
		"${2-}.sh") echo "$f" ;;
		*) [ -n "${2-}" ] || echo "$f" ;;
		esac
	done
}

# fault_of_qemu CONSOLE LOG: says how QEMU has ended a guest, or spoilt it, if it is QEMU's fault:
# - A CPU that QEMU emulates may run what was translated while the kernel patched a static
#   key, after that: it meets a breakpoint that the kernel knows no more of. (Seen with two
#   CPUs, on a busy host, in functions of IPv6 and of the scheduler that have nothing of ours.)
# - QEMU's own assertions. (Seen with QEMU 10.0 and two CPUs, on a busy host, as the kernel set
#   up PCI: "iotlb_to_section: Assertion `section_index < d->map.sections_nb' failed".)
fault_of_qemu() {
	if grep -qas 'Oops: int3' "$1"; then
		echo 'QEMU left a breakpoint behind'
	else
		grep -asm 1 '^qemu-system-.*: Assertion .* failed' "$2"
	fi
}

# equal NAME GOT WANT: a self-test's result, as qemu-test/test reads them. RESULT_OF is its
# kernel and flavour; the seconds are those since the one before.
EQUAL_SINCE=$SECONDS
equal() {
	if [ "$2" = "$3" ]; then
		echo "RESULT $RESULT_OF $1 pass 1 $((SECONDS - EQUAL_SINCE)) $2"
	else
		echo "RESULT $RESULT_OF $1 fail 0 $((SECONDS - EQUAL_SINCE)) got '$2', want '$3'"
	fi
	EQUAL_SINCE=$SECONDS
}
