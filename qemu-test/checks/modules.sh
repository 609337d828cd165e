# SPDX-License-Identifier: GPL-2.0-only
# The modules, compiled out of tree.
# Sourced by check.
# shellcheck shell=bash

stock=$("$QT/build/kernel" "$STOCK")
for what in xt_UNHOLE nvi; do
	cp -r $what "$work/oot-$what"
	ok_if "$what, out of tree for $(cat "$stock/release"): W=1 and sparse are silent" \
		sh -c "'$QT/build/sdk' '$(userland "$STOCK")' make -C $(readlink -f "$stock/build") M=$work/oot-$what W=1 C=2 CHECK='sparse -Wsparse-error' modules >$work/oot.log 2>&1 &&
		! grep -E 'warning:|error:' $work/oot.log || { cat $work/oot.log; false; }"
done
