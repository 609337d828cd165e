# SPDX-License-Identifier: GPL-2.0-only
# The patches, for the reviewer at a distribution: results/review.md.
# Sourced by check.
# shellcheck shell=bash

report=$TOP/results/review.md
{
	echo "# Review report"
	echo
	echo "Made by \`make check\`. Sizes are of objects of the guest's configuration."
} >"$report"

for what in xt_UNHOLE nvi; do
	"$QT/build/make-patch" $what >"$work/generated" || :
	ok_if "the patch of $what and $what/ agree (else: make patches)" same "$(echo patches/common/*-$what-*)" "$work/generated"
done

for K in $PATCHED_KERNELS; do
	kernel=$("$QT/build/kernel" "$K")
	lock "kernel-$K"
	pristine=$("$QT/build/fetch" source "$K")
	tree=$CACHE/tree/$K
	build=$(readlink -f "$kernel/build") suite=$(userland "$K")
	checkpatch=$pristine/scripts/checkpatch.pl
	# From the project, so without a person's sign-off; new files are named
	# by no maintainer; DEP-3 has fields of its own; kmalloc_obj() is too new for the others.
	# shellcheck disable=SC2054 # one argument
	cp_args=(--strict --no-tree --quiet --no-signoff --ignore FILE_PATH_CHANGES,COMMIT_LOG_LONG_LINE,FROM_SIGN_OFF_MISMATCH,ALLOC_WITH_SIZEOF)
	mapfile -t patches < <(grep -v '^#' "patches/$K/series" | grep .)

	ok_if "$K: the series applies, fuzz 0" bash -c ". '$QT/lib/lib.sh'; . '$QT/build/tree.sh'; small_tree '$pristine' '$TOP/patches/$K' '$work/small-$K' && apply_series '$work/small-$K'"
	cat >"$work/refresh" <<-EOT
		cd "$work/small-$K" && quilt --quiltrc "$QUILTRC" pop -a -q >/dev/null
		for p in ${patches[*]}; do
			quilt --quiltrc "$QUILTRC" push -q >/dev/null && quilt --quiltrc "$QUILTRC" refresh >/dev/null || exit 1
		done
		diff -ru "$TOP/patches/$K" patches
	EOT
	ok_if "$K: quilt refresh changes nothing" bash "$work/refresh"
	"$QT/build/make-patch" hooks "$K" >"$work/generated" || :
	ok_if "$K: the patch that has both built is as generated (else: make patches)" same "$(echo "patches/$K"/*-net-build-*)" "$work/generated"
	ok_if "$K: the target and the driver are the same files as for every kernel" \
		test "$(find "patches/$K" -type l -lname '../common/*' | wc -l)" = "$(find patches/common -type f | wc -l)"
	ok_if "$K: every patch has a DEP-3 header" bash -c "
		for p in ${patches[*]}; do for f in Subject From Origin Forwarded Last-Update; do
			sed '/^---/q' patches/$K/\$p | grep \"^\$f: \" >/dev/null || { echo \$p lacks \$f; exit 1; }
		done; done"
	ok_if "$K: checkpatch --strict, the modules" perl "$checkpatch" "${cp_args[@]}" -f xt_UNHOLE/xt_UNHOLE.c xt_UNHOLE/include/linux/netfilter/xt_UNHOLE.h nvi/*.[ch]
	for p in "${patches[@]}"; do
		perl "$checkpatch" "${cp_args[@]}" - <"patches/$K/$p" >"$work/checkpatch-$p" 2>&1 && r=clean || r='see below'
		ok_if "$K: checkpatch --strict, $p" cat_if_bad "$work/checkpatch-$p" "$r"
	done

	# Build what the patches touch after each of them, in the tree that the
	# tests build anyway. Time stamps are put back, so that nothing else is
	# built again.
	mapfile -t objects < <(series_files "patches/$K" | sed -n 's/\.c$/.o/p')
	existing=()
	for o in "${objects[@]}"; do [ ! -e "$pristine/${o%.o}.c" ] || existing+=("$o"); done
	while read -r f; do [ ! -e "$tree/$f" ] || printf '%s %s\n' "$(stat -c %Y "$tree/$f")" "$f"; done \
		< <(series_files "patches/$K") >"$work/stamps"
	state() { # N: objects and warnings with the first N patches
		prepare_tree "$K" "$pristine" "$tree" "$1"
		mkdir -p "$work/$K-$1"
		local list=("${existing[@]}")
		[ "$1" -lt ${#patches[@]} ] || list=("${objects[@]}")
		(cd "$build" && rm -f "${list[@]}")
		# The driver's folder has a Kbuild of its own, read where the option is set.
		kmake "$suite" "$tree" "$build" CONFIG_NVI=m -s "${list[@]}" || return
		(cd "$build" && ld -r -o "$work/$K-$1/all.o" "${existing[@]}")
	}
	for n in $(seq 0 ${#patches[@]}); do
		ok_if "$K: builds with $n of ${#patches[@]} patches" state "$n"
	done
	warnings() { # N
		prepare_tree "$K" "$pristine" "$tree" "$1"
		local list=("${existing[@]}")
		[ "$1" = 0 ] || list=("${objects[@]}")
		(cd "$build" && rm -f "${list[@]}")
		kmake "$suite" "$tree" "$build" CONFIG_NVI=m -s W=1 C=2 KCFLAGS=-g "${list[@]}" >"$work/build" 2>&1 ||
			die "$K does not build with W=1 and sparse: $(grep -m 1 -iE 'error' "$work/build" || tail -n 1 "$work/build")"
		sed -E 's/:[0-9]+:[0-9]+:/:/' "$work/build" | grep -E 'warning|error' | sort -u >"$work/$K-warnings-$1" || :
		(cd "$build" && ld -r -o "$work/$K-$1/debug.o" "${existing[@]}")
		# One line a structure, its members and offsets.
		"$QT/build/sdk" "$suite" pahole "$work/$K-$1/debug.o" 2>/dev/null | awk '
			/^(struct|union) / { s = ""; on = 1 }
			on { s = s " " $0 }
			/^}/ { if (on) { gsub(/[ \t]+/, " ", s); print s } on = 0 }' | sort -u >"$work/$K-layout-$1"
	}
	warnings 0
	warnings ${#patches[@]}
	ok_if "$K: W=1 and sparse say nothing new" same "$work/$K-warnings-0" "$work/$K-warnings-${#patches[@]}"
	# A patch may make an object see a structure that it did not see before;
	# every one that was seen must be there again, word for word.
	comm -23 "$work/$K-layout-0" "$work/$K-layout-${#patches[@]}" >"$work/$K-layout-changed"
	structs=$(wc -l <"$work/$K-layout-0")
	ok_if "$K: pahole saw the structures ($structs)" test "$structs" -gt 500
	ok_if "$K: no existing structure's layout changes" test ! -s "$work/$K-layout-changed"
	python3 "$pristine/scripts/bloat-o-meter" "$work/$K-0/all.o" "$work/$K-$((${#patches[@]} - 3))/all.o" >"$work/bloat"
	grown=$(sed -n 's/.*up\/down: .* (\(-\?[0-9]*\)).*/\1/p' "$work/bloat")
	ok_if "$K: the core patches add at most 1 KiB of code (${grown:-?} bytes)" test "${grown:-9999}" -le 1024

	prepare_tree "$K" "$pristine" "$tree"
	while read -r stamp f; do touch -d "@$stamp" "$tree/$f"; done <"$work/stamps"
	(cd "$build" && rm -f "${objects[@]}")

	{
		echo
		echo "## Linux $K ($(basename "$pristine"))"
		for p in "${patches[@]}"; do
			echo
			echo "### $p"
			echo
			sed -n 's/^Subject: //p' "patches/$K/$p"
			echo
			echo '```'
			sed -n '/^---$/,/changed/{/^---$/d;p}' "patches/$K/$p"
			echo '```'
			echo
			if [ -s "$work/checkpatch-$p" ]; then
				echo "checkpatch --strict:"
				echo
				sed 's/^/    /' "$work/checkpatch-$p"
			else
				echo "checkpatch --strict: clean"
			fi
		done
		echo
		echo "### Code size, before and after the core patches (bloat-o-meter)"
		echo
		echo '```'
		cat "$work/bloat"
		echo '```'
		echo
		echo "### Layout of structures (pahole)"
		echo
		if [ ! -s "$work/$K-layout-changed" ]; then
			echo "$structs structures of ${existing[*]}: each has the same members at the same offsets after the series."
		else
			echo '```'
			cat "$work/$K-layout-changed"
			echo '```'
		fi
	} >>"$report"
done
{
	echo
	echo "## The kernel's own tests, with the patches and without (make kselftest)"
	echo
	if [ -s "$TOP/results/kselftest/table" ]; then
		sed 's/^/    /' "$TOP/results/kselftest/table"
	else
		echo "Not run in this checkout."
	fi
} >>"$report"
reviewed() { grep -q "^## The kernel's own tests" "$report" && [ "$(grep -c '^## ' "$report")" -gt 1 ]; }
ok_if 'results/review.md has the patches, and the table of the kernel'"'"'s own tests' reviewed
say "the review report: $report"
