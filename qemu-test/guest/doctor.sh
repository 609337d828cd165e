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

# What is dropped in FORWARD is seen by pings.
heard() { on $1 ping -n -q -c 1 -W 0.4 $FAR | sed -n 's/.* \([0-9]*\) received.*/\1/p'; }
# look: what is wrong, and /run/cure, what cures it
look() {
	unhole-path doctor >/run/doctor
	sed -n '/^\(warn\|bad\)/{n;s/^ //p;}' /run/doctor >/run/cure
	sed -n 's/^\(warn\|bad\)  *\([a-z0-9_-]*\): .*/\2/p' /run/doctor | tr '\n' ' '
}
# dies WHAT WHO CHECKS...: each is named, once that before it is cured; then it goes
dies() {
	_what=$1 _who=$2
	is "$1: not heard" "$(heard $2)" 0
	shift 2
	for _check; do
		is "$_what: named" "$(look)" "$_check "
		must sh -e /run/cure
	done
	is "$_what, cured" "$(look)$(heard $_who)" 1
}
fine() { is "$1" "$(look)$(heard client)" 1; }
nft_table() { must nft "add table $1 f; add chain $1 f forward { type filter hook forward priority 0; policy ${2:-drop}; }"; }
gone() { must nft delete table $1 f; }
