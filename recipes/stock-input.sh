# SPDX-License-Identifier: GPL-2.0-only
# What was routed into the hole must not enter INPUT as loopback's own. Since 1.1 the
# module sees to that on every kernel, and no rule in INPUT is needed. This says whether
# the module that is loaded is one that does. It changes nothing, so there is nothing to
# undo.
# shellcheck shell=sh
if [ -e /sys/module/xt_UNHOLE ] && [ ! -e /sys/module/xt_UNHOLE/parameters/userns ]; then
	echo "error: the module that is loaded is xt_UNHOLE 1.0" >&2
	echo "  cure: take the rules away, rmmod xt_UNHOLE, and set them again; or reboot" >&2
	exit 1
fi
