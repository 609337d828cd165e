# SPDX-License-Identifier: GPL-2.0-only
# What scenarios of unhole-path doctor share. Sourced after lib.sh.
# shellcheck shell=sh

# found LEVEL...: the checks that found something of these levels, in order.
found() {
	unhole-path -j doctor >/run/doctor
	echo $? >/run/doctor.status
	cat /run/doctor >>/run/json
	sed 's/},{/}\n{/g' /run/doctor |
		sed -n "s/.*\"level\":\"\($(echo "$*" | sed 's/ /\\|/g')\)\",\"check\":\"\([^\"]*\)\".*/\2/p" | tr '\n' ' '
}
wrong() { found warn bad; }
# But for what it has not looked at: guests always have other namespaces
notes() { found note | sed 's/not-looked-at //'; }
healthy() { is "$1: nothing is wrong, exit status 0" "$(wrong)$(cat /run/doctor.status)" 0; }
# cure CHECK: runs the command below that finding.
cure() { unhole-path doctor | sed -n "/^\(warn\|bad\)  *$1: /{n;p;}" >/run/cure; must test -s /run/cure; must sh -e /run/cure; }
