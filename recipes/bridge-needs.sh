# SPDX-License-Identifier: GPL-2.0-only
# What the recipes bridge-*.sh share; no recipe itself. They source it, say what
# they need, call "checked", and only then change something, by the functions at
# the end. Those note in a file how each change is undone, the last one first.
# "down" runs that file; so does an "up" that fails half way.
#
#   sh bridge-NAME.sh [up]    checks, and says all that is missing; then does it
#   sh bridge-NAME.sh down    puts everything back as it was before
#
# EBTABLES  the ebtables to use; else the first that can do what is wanted
# UNDO      the file that "down" reads; it must not outlive a reboot
# shellcheck shell=sh
set -e
RECIPE=$(basename "$0" .sh) ACTION=${1:-up} MISSING=0
: "${EBTABLES:=}" "${UNDO:=/run/$RECIPE.undo}"

missing() {
	echo "$RECIPE: $*" >&2
	MISSING=1
}

need_root() { [ "$(id -u)" = 0 ] || missing "must be run by root"; }
# need_tool TOOL PACKAGE
need_tool() { command -v "$1" >/dev/null || missing "$1 is missing (Debian: apt-get install $2)"; }
need_bridge() {
	[ -n "$(ip link show dev "$1" type bridge 2>/dev/null)" ] ||
		missing "there is no bridge $1 (ip link add $1 type bridge)"
}
# need_port PORT BRIDGE
need_port() {
	[ -n "$(ip link show dev "$1" master "$2" 2>/dev/null)" ] ||
		missing "$1 is no port of $2 (ip link set $1 master $2)"
}
need_address() {
	[ -n "$(ip -4 addr show dev "$1" 2>/dev/null)" ] || missing "$1 has no IPv4 address"
}
# A module that is not loaded can be.
need_br_netfilter() {
	[ -d /proc/sys/net/bridge ] || modprobe -n -q br_netfilter 2>/dev/null ||
		missing "this kernel has no module br_netfilter (CONFIG_BRIDGE_NETFILTER)"
}
# need_table TABLE: of ebtables, filter or nat: the first ebtables that can list it.
need_table() {
	for _e in ${EBTABLES:-ebtables-legacy ebtables-nft ebtables}; do
		! unshare -n "$_e" -t "$1" -L >/dev/null 2>&1 || { EBTABLES=$_e; return 0; }
	done
	missing "no ebtables with a table $1: tried ${EBTABLES:-ebtables-legacy, ebtables-nft and ebtables}" \
		"(Debian: apt-get install ebtables, or iptables; kernel: CONFIG_BRIDGE_NF_EBTABLES or CONFIG_NF_TABLES_BRIDGE)"
}

# checked: the end of the checks. Goes on for "up" only.
checked() {
	case $ACTION in
	up)
		[ ! -e "$UNDO" ] || missing "is up already ($UNDO); run: sh $RECIPE.sh down"
		[ "$MISSING" = 0 ] || { echo "$RECIPE: nothing was changed" >&2; exit 1; }
		: >"$UNDO"
		trap 'put_back; echo "$RECIPE: failed; what it had changed is undone" >&2; exit 1' EXIT
		trap 'exit 1' HUP INT TERM
		;;
	down)
		[ -e "$UNDO" ] || { echo "$RECIPE: is not up (no $UNDO)" >&2; exit 1; }
		put_back
		exit
		;;
	*)
		echo "usage: sh $RECIPE.sh [up | down]" >&2
		exit 2
		;;
	esac
}
# finished: "up" is done, and is not undone.
finished() { trap - EXIT; }

put_back() {
	_failed=0
	while read -r _line; do
		sh -c "$_line" || { echo "$RECIPE: could not: $_line" >&2; _failed=1; }
	done <"$UNDO"
	rm -f "$UNDO"
	return $_failed
}
undo() {
	{ echo "$*"; cat "$UNDO"; } >"$UNDO.new"
	mv "$UNDO.new" "$UNDO"
}

# sets KEY VALUE: a sysctl. With slashes, since a device may have a dot in its name.
sets() {
	_old=$(sysctl -n "$1")
	[ "$_old" = "$2" ] || { sysctl -qw "$1=$2"; undo sysctl -qw "$1=$_old"; }
}
# sets_forwarding DEV...: what comes in by these devices may be forwarded, no
# matter whether ip_forward is on. The rest of the box does not become a router.
sets_forwarding() {
	for _d in "$@"; do sets "net/ipv4/conf/$_d/forwarding" 1; done
}
# sets_ip_forward: all of the box. The kernel changes another sysctl with it.
sets_ip_forward() {
	[ "$(sysctl -n net/ipv4/ip_forward)" = 0 ] || return 0
	undo sysctl -qw "net/ipv4/conf/all/accept_redirects=$(sysctl -n net/ipv4/conf/all/accept_redirects)"
	for _d in /proc/sys/net/ipv4/conf/*; do
		[ "$(cat "$_d/forwarding")" = 0 ] || undo sysctl -qw "${_d#/proc/sys/}/forwarding=1"
	done
	sysctl -qw net/ipv4/ip_forward=1
	undo sysctl -qw net/ipv4/ip_forward=0
}
# sets_no_rp_filter DEV...: these devices have no address, and get packets whose way
# back leads to the bridge. Any reverse path filter drops them, the loose one too.
# The larger one of "all" and a device's own counts: where "all" is set, the other
# devices get its value as their own first, so that nothing changes for them.
sets_no_rp_filter() {
	_all=$(sysctl -n net/ipv4/conf/all/rp_filter) _seen=
	# "default" comes last: it is copied to devices that have no value of their own.
	for _d in /proc/sys/net/ipv4/conf/* /proc/sys/net/ipv4/conf/default; do
		case $_d:$_seen in */default:) _seen=1 ; continue ;; esac
		[ "$(cat "$_d/rp_filter")" -ge "$_all" ] || sets "${_d#/proc/sys/}/rp_filter" "$_all"
	done
	sets net/ipv4/conf/all/rp_filter 0
	for _d in "$@"; do sets "net/ipv4/conf/$_d/rp_filter" 0; done
}
# ports BRIDGE
ports() { ip -br link show master "$1" | sed 's/[@ ].*//'; }
# loads_br_netfilter: the module is the whole machine's; whether what bridges carry
# is given to iptables is a network namespace's own sysctl.
# rmmod and not "modprobe -r", which unloads what nothing uses any more: where bridge
# is a module, that is all bridges of the machine.
loads_br_netfilter() {
	[ -d /proc/sys/net/bridge ] || { modprobe br_netfilter; undo rmmod br_netfilter; }
	sets net/bridge/bridge-nf-call-iptables 1
}
# rule TOOL ARGUMENTS...: adds a rule (-A), of iptables or ebtables.
rule() {
	"$@"
	undo "$(echo "$*" | sed 's/ -A / -D /')"
}
