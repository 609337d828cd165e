# SPDX-License-Identifier: GPL-2.0-only
# Splats in the guest's own log: /unhole/splats holds "name|pattern" lines, the
# first that matches names the splat. Sourced.
# shellcheck shell=sh disable=SC2034 # SCAN is for those who source this

# Names the splat in the text on stdin and shows its line; fails if there is one.
scan_log() {
	cat >/run/scan.log
	while IFS='|' read -r name pattern; do
		if line=$(grep -m 1 -E "$pattern" /run/scan.log); then
			echo "splat:$name: $line"
			return 1
		fi
	done </unhole/splats
}

# Modules from outside the tree taint the kernel when they are loaded; that is
# their nature. Anything else is news: 4096 is TAINT_OOT_MODULE, 8192
# TAINT_UNSIGNED_MODULE.
scan_taint() {
	new=$(($(cat /proc/sys/kernel/tainted) & ~12288))
	[ "$new" -eq 0 ] || { echo "splat:taint: the kernel is tainted: $new"; return 1; }
}

# Objects must be 5 seconds old before kmemleak(1) reports them, and a first
# scan finds some that a second one does not.
scan_leaks() {
	f=/sys/kernel/debug/kmemleak
	echo scan 2>/dev/null >$f || return 0 # not in this kernel, or asleep
	sleep 6
	echo scan >$f
	echo scan >$f
	leak=$(cat $f)
	[ -n "$leak" ] || return 0
	echo "$leak" >/dev/kmsg
	echo "$leak" >/results/kmemleak.log
	echo "splat:leak: $(echo "$leak" | grep -c '^unreferenced') objects, see kmemleak.log"
	return 1
}

# Everything, at the end of a guest's life. Sets SCAN.
scan_all() {
	SCAN=clean
	if ! s=$(scan_leaks) || ! s=$(dmesg | scan_log) || ! s=$(scan_taint); then
		SCAN=$s
	fi
}
