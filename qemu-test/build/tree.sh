# SPDX-License-Identifier: GPL-2.0-only
# The patched source tree of a kernel, in the cache. Sourced after lib.sh.
# shellcheck shell=bash

QUILTRC=$QT/build/quiltrc

# kmake SUITE TREE BUILD ARGUMENT...: the kernel's make, with that release's compiler. All
# calls in one build folder must agree on compiler and flags, or make builds everything again.
kmake() {
	local suite=$1 tree=$2 build=$3
	shift 3
	# In depend mode ccache does not run the preprocessor before the
	# compiler does: a fifth of the time of a cold build. __DATE__ and the
	# build's user would differ, and cached objects would not.
	"$QT/build/sdk" "$suite" env CCACHE_DIR="$CACHE/ccache" CCACHE_BASEDIR="$CACHE" CCACHE_MAXSIZE=6G CCACHE_DEPEND=1 \
		KBUILD_BUILD_TIMESTAMP='Thu Jan  1 00:00:00 UTC 1970' \
		KBUILD_BUILD_USER=unhole KBUILD_BUILD_HOST=unhole \
		make -C "$tree" O="$build" ARCH=x86_64 CC='ccache gcc' HOSTCC='ccache gcc' "$@"
}

# fragments K NAME...: what these fragments ask of kernel K's configuration.
fragments() {
	local k=$1 f
	shift
	for f; do
		cat "$TOP/kconfig-fragments/$f.config"
		[ ! -e "$TOP/kconfig-fragments/$f-$k.config" ] || cat "$TOP/kconfig-fragments/$f-$k.config"
	done
}

# The patches of a series, in their order.
series_text() { # PATCHDIR
	local p
	while read -r p; do
		case $p in '' | '#'*) continue ;; esac
		cat "$1/$p"
	done <"$1/series"
}
# Files that it touches.
series_files() { series_text "$1" | sed -n 's#^+++ b/##p' | sort -u; } # PATCHDIR

# A folder with nothing but the files that the series touches, unpatched, and
# a copy of the series: quilt needs no more, and is done in a second.
small_tree() { # PRISTINE PATCHDIR DIR
	local f
	rm -rf "$3"
	mkdir -p "$3"
	cp -rL "$2" "$3/patches"
	basename "$2" >"$3/.unhole-series"
	while read -r f; do
		[ -e "$1/$f" ] || continue
		mkdir -p "$3/$(dirname "$f")"
		cp -p "$1/$f" "$3/$f"
	done < <(series_files "$2")
}

# Applies the first N patches of the series (all if N is empty), fuzz 0.
apply_series() { # DIR [N]
	local out
	[ "${2-}" != 0 ] || return 0
	[ -n "${2-}" ] || set -- "$1" -a
	out=$(cd "$1" && quilt --quiltrc "$QUILTRC" push --fuzz=0 "$2" 2>&1) || {
		say "$out"
		die_cure "patches/$(cat "$1/.unhole-series")/$(cd "$1" && quilt --quiltrc "$QUILTRC" next | sed 's#.*/##') does not apply to this source" \
			"refresh the series against the source that apt has now (quilt push -f, mend, quilt refresh), or check out the commit that goes with the older source"
	}
}

# Makes TREE show what SMALL shows, for every file that either the last series
# or this one touches. Files that are right already keep their time stamp, so
# that make rebuilds what changed and no more.
sync_tree() { # PRISTINE SMALL TREE
	local f want
	{ cat "$3/.unhole-files" 2>/dev/null || :; series_files "$2/patches"; } |
		sort -u >"$3/.unhole-files.new"
	while read -r f; do
		want=$2/$f
		[ -e "$want" ] || want=$1/$f
		if [ ! -e "$want" ]; then
			rm -f "$3/$f"
		elif ! cmp -s "$want" "$3/$f"; then
			mkdir -p "$3/$(dirname "$f")"
			rm -f "$3/$f" # it may be a hard link to the pristine one
			cp "$want" "$3/$f"
		fi
	done <"$3/.unhole-files.new"
	mv "$3/.unhole-files.new" "$3/.unhole-files"
}

# The tree with the first N patches (all if N is empty). Prints nothing.
prepare_tree() { # K PRISTINE TREE [N]
	if [ "$(cat "$3/.unhole-source" 2>/dev/null)" != "$2" ]; then
		rm -rf "$3"
		mkdir -p "$(dirname "$3")"
		cp -al "$2" "$3"
		echo "$2" >"$3/.unhole-source"
	fi
	small_tree "$2" "$TOP/patches/$1" "$3.small"
	apply_series "$3.small" "${4-}"
	sync_tree "$2" "$3.small" "$3"
	rm -rf "$3.small"
}
