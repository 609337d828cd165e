# SPDX-License-Identifier: GPL-2.0-only
# What a switch learns, as it happens; on top of bridge.sh.
# shellcheck shell=sh

# fdb_watch NAME NS PORT: the changes of the bridges' tables in NS from now on. An
# entry of its own, on PORT, marks the beginning; fdb_settled the end.
fdb_watch() {
	_w=/run/fdb.$1
	echo "$2 $3" >"$_w.where"
	: >"$_w"
	bridge -n "$2" monitor fdb >"$_w" 2>&1 &
	echo $! >"$_w.pid"
	wait_for 10 _fdb_marked "$_w" 02:ff:00:00:00:01 || must false
}
fdb_settled() {
	_w=/run/fdb.$1
	wait_for 10 _fdb_marked "$_w" 02:ff:00:00:00:02 || not_ok "the log of the tables, $1, did not settle"
	kill "$(cat "$_w.pid")"
}
_fdb_marked() {
	read -r _ns _port <"$1.where"
	bridge -n "$_ns" fdb replace "$2" dev "$_port" master static
	bridge -n "$_ns" fdb del "$2" dev "$_port" master
	grep -q "^$2" "$1"
}
# fdb_moves NAME MAC PORT: how often MAC was learnt at PORT.
fdb_moves() { grep -c "^$2 dev $3 master" "/run/fdb.$1"; }

# as_before WHAT: what a recipe may have changed is what it was at remember_box.
as_before() {
	rules_of_box >/run/state.after
	check "$1" diff /run/state.before /run/state.after
}
remember_box() { rules_of_box >/run/state.before; }
# iptables-nft leaves empty chains behind.
rules_of_box() { state_of_box | grep -vE '^(\*|:|COMMIT)' | sed 's/forward_delay_timer *[0-9.]*//g'; }
