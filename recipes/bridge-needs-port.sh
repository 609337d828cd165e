# SPDX-License-Identifier: GPL-2.0-only
# What the recipes about one port of a bridge share, on top of bridge-needs.sh;
# no recipe itself.
# shellcheck shell=sh

# need_own_address BRIDGE ADDRESS
need_own_address() {
	ip -4 -o addr show dev "$1" 2>/dev/null | grep -qF " $2/" || missing "$1 does not have the address $2"
}
# sets_hairpin PORT
sets_hairpin() {
	[ "$(cat "/sys/class/net/$1/brport/hairpin_mode")" = 1 ] || {
		bridge link set dev "$1" hairpin on
		undo bridge link set dev "$1" hairpin off
	}
}
