# SPDX-License-Identifier: GPL-2.0-only
# What all recipes share, and the way into the second lookup. A recipe sources this before it
# changes anything. So each recipe
#
#   sh NAME.sh        looks whether it can work here, and sets up what it is for; run again,
#                     it sets it up anew
#   sh NAME.sh undo   takes away what it has made, and nothing else; also if it was cut short
#
# A recipe that fails takes back what it has made so far. If it was at work before, it is then
# set up again as it was.
#
# Variables that serve them all:
#
#   VIA=nvi0   (the default, or any other name but lo) a device of the driver nvi, which needs
#              no rule, no patch and no sysctl. Between the two lookups the packet crosses
#              POSTROUTING only. A device that exists is taken as it is, so that recipes can
#              share it; with other flags than the recipe needs it is refused
#   VIA=lo     loopback, opened by the target UNHOLE. Between the two lookups the packet
#              crosses PREROUTING, too. A kernel without the core patches wants stock-sysctls.sh
#   FRONT      nft (the default, in tables that are named after the recipe) or iptables.
#              With VIA=lo it is iptables
#   MARK       the bits of the mark that are the recipe's, as VALUE/MASK or MASK; it
#              touches no others
#   TABLE      the routing table that leads into the second lookup
#   TABLES     the first of the tables in which the second lookup finds its routes
#   PREF       the preference of the recipe's first policy rule; further ones follow it
#
# What a recipe says before it sources this (in brackets: where it says nothing):
#
#   USES                 which line of the defaults at the end of this file is its own (clients)
#   IPTABLES=ip6tables   it is for IPv6
#   BITS                 how many bits of the mark it needs (1); 0: it looks at no mark
#   NEEDS                devices that must be there
#   FILLS                how many tables it fills from TABLES on, besides TABLE (0); "none": it
#                        does not fill TABLE either (that is what VIA=none has where nothing is
#                        said)
#   NOT                  a recipe that it cannot stand beside
#   TOOLS                programs that it needs besides ip and FRONT's. With VIA=none FRONT's is
#                        needed only if this is "rules"
#   INSTANCE             what tells this set-up from another one by the same recipe
#   AGAIN                what else the second pass needs: "prerouting" (it crosses PREROUTING,
#                        by nvi as by lo), or "reset-ct" (and has an entry of its own in
#                        conntrack there)
#   XMARK                what a packet's mark becomes behind the hole, as VALUE/MASK
#   OPEN=no              it calls "hole" later, or not at all
#   VIA=none             it is plain Linux, and leads nothing into the second lookup
#   KEEP=yes             run again, it makes the new set-up beside the old one, and then takes
#                        away what only the old one had: so what stays the same is never missing
#   VERBS                what else may stand behind its name; all but "status" set it up anew
#
# What it has from here on: F is 4 or 6, IP is "ip -4" or "ip -6", IPT is iptables or
# ip6tables, NF is ip or ip6 as nft has it. BIT1, BIT2, ... are the bits of MARK, the lowest
# first. Chains of nftables that set them stand behind priority mangle, since others set whole
# marks there. What table mangle of iptables does to a packet before it is looked up again
# stands in the chain $CHAIN, with $WAY $VIA.
# shellcheck shell=sh

# die CAUSE CURE: ends before anything is changed, or takes it back.
die() {
	echo "error: $1" >&2
	echo "  cure: $2" >&2
	exit 1
}

# --- what is changed, and how that is undone ---------------------------------------------
#
# ip, sysctl, iptables and ip6tables are functions from here on. Before a change is made the
# command that undoes it is noted: a line in the recipe's file, in a folder in /run that is
# named by the number of the network namespace. (The kernel gives that number to another one
# when the namespace is gone. So lo's "tag", which is there for whoever wants it and is 0 in a
# new namespace, is not 0 while there is such a file.) If two recipes have the same line, both
# have made it, or one has found it made by the other: the last of them undoes it. What was there
# before is nobody's, and stays. The last line is the command that makes it all anew, for doctor.

_TAG=/proc/sys/net/ipv4/conf/lo/tag
note() {
	[ -n "$STATE" ] || return 0
	[ -e "${STATE%/*}/.tag" ] || _tag
	case $* in
	*[!][A-Za-z0-9_./:,@=+!%\ -]*) die "'$*' has characters that no name or address has" 'look at the variables' ;;
	esac
	echo "$*" >>"$STATE"
}
_tag() {
	_was=$(cat $_TAG) # (dash's "read" reads it byte by byte, which sysctls do not bear)
	echo "$_was" >"${STATE%/*}/.tag"
	[ "$_was" != 0 ] || { echo 1 >$_TAG; } 2>/dev/null || rm "${STATE%/*}/.tag" # it is read-only
}
# _untag: nothing is left that a recipe has made.
_untag() {
	[ -z "$(ls "${STATE%/*}")" ] && [ -e "${STATE%/*}/.tag" ] || return 0
	read -r _was <"${STATE%/*}/.tag"
	[ "$_was" != 0 ] || echo 0 >$_TAG
	rm "${STATE%/*}/.tag"
}
# _forget: what was made in another namespace.
_forget() {
	[ -e "${STATE%/*}/.tag" ] && [ "$(cat $_TAG)" = 0 ] || return 0
	echo "note: what recipes have made in a namespace that is gone is forgotten" >&2
	rm -f "${STATE%/*}"/* "${STATE%/*}"/.[!.]*
}
_unnote() { [ -z "$STATE" ] || sed -i '$d' "$STATE"; }

# _adopt LINE: it is there already. True if the recipe shares it with another one, or with
# itself.
_adopt() {
	[ -n "$STATE" ] || return 1
	grep -qsxF -e "$1" "$STATE" && return
	_line=$(cat "${STATE%/*}"/* 2>/dev/null | grep -xF -m 1 -e "$1") || return
	note "$_line"
}

# _make UNDO COMMAND...: a change. True if it was made, or need not be.
_make() {
	_undo=$1
	shift
	note "$_undo"
	_said=$(command "$@" 2>&1) && return
	_unnote
	case $_said,$* in
	*exists*,*' rule add '* | *exists*,*' link add '* | *exists*,*' addr add '* | *'already assigned'*)
		_adopt "$_undo" || :
		return 0
		;;
	*exists*)
		_adopt "$_undo" && return
		# Somebody's route that is the very same.
		_show=$(echo "$*" | sed -n 's/ route add \(unreachable\|blackhole\) / route show type \1 /p; t
			s/ route add / route show /p')
		# shellcheck disable=SC2086 # words
		[ -z "$_show" ] || [ -z "$(command $_show 2>/dev/null)" ] || return 0
		case $*,$(command ip nexthop 2>/dev/null) in
		*" nexthop add id $6 dev lo,"*"id $6 dev lo "*) return 0 ;;
		esac
		;;
	esac
	echo "error: $* said: $_said" >&2
	case $_said in
	*exists*) echo '  cure: TABLE=, TABLES= and VIA= as nobody else has them; or take away what is there' >&2 ;;
	*) echo '  cure: see the variables at the top of the recipe' >&2 ;;
	esac
	return 2
}

ip() {
	case $1 in
	-[46]) _f=$1 && shift ;;
	*) _f= ;;
	esac
	case $1,$2 in
	rule,add | route,add | neigh,add) _o=$1 ;;
	nexthop,add)
		_make "ip ${_f:+$_f }nexthop del $3 $4" ip ${_f:+"$_f"} "$@"
		return
		;;
	link,add)
		_make "ip link del $3" ip "$@"
		return
		;;
	addr,add)
		_make "ip addr del $3 dev $5" ip "$@"
		return
		;;
	*)
		command ip ${_f:+"$_f"} "$@"
		return
		;;
	esac
	shift 2
	_make "ip ${_f:+$_f }$_o del $*" ip ${_f:+"$_f"} "$_o" add "$@"
}

# _along KEY: what else the kernel changes when that is switched off again, as it is now.
_along() {
	case $1 in
	net.ipv4.ip_forward) _keys='net/ipv4/conf/*/forwarding net/ipv4/conf/all/accept_redirects' ;;
	net.ipv6.conf.all.forwarding) _keys='net/ipv6/conf/*/forwarding' ;;
	*) return 0 ;;
	esac
	# shellcheck disable=SC2086 # words
	(cd /proc/sys && grep -sH . $_keys) |
		sed -n '\,/all/forwarding:,d; s,^\(.*/forwarding\):1$, \1=1,p; s,^\(.*/accept_redirects\):0$, \1=0,p' | tr -d '\n'
}

sysctl() {
	case $1 in
	-*w*) shift ;;
	*)
		command sysctl "$@"
		return
		;;
	esac
	for _kv; do
		_old=$(command sysctl -n "${_kv%%=*}") || return
		if [ "$_old" != "${_kv#*=}" ]; then
			note "sysctl -qw ${_kv%%=*}=$_old$(_along "${_kv%%=*}")"
			command sysctl -qw "$_kv" || return
		elif [ -n "$STATE" ]; then
			_line=$(cat "${STATE%/*}"/* 2>/dev/null | grep -m 1 "^sysctl -qw ${_kv%%=*}=") || :
			[ -z "$_line" ] || _adopt "$_line" || return
		fi
	done
}

_xt() {
	_tool=$1 _del='' _has='' _place=''
	shift
	case " $* " in
	*' -A '* | *' -I '*) ;;
	*' -P '*)
		note "$_tool $(command "$_tool" -S "$2" | head -n 1)"
		command "$_tool" "$@"
		return
		;;
	*)
		command "$_tool" "$@"
		return
		;;
	esac
	for _w; do
		case $_place,$_w in
		,-[AI]) _del="$_del -D" _has="$_has -C" _place=chain && continue ;;
		chain,*) _place=number ;;
		number,[0-9]*) _place=past && continue ;;
		number,*) _place=past ;;
		esac
		_del="$_del $_w" _has="$_has $_w"
	done
	# shellcheck disable=SC2086 # words
	if command "$_tool" $_has 2>/dev/null; then
		_adopt "$_tool$_del" || :
		return 0
	fi
	_make "$_tool$_del" "$_tool" "$@"
}
iptables() { _xt iptables "$@"; }
ip6tables() { _xt ip6tables "$@"; }

# chains NAME <CHAINS: a table of nftables with these chains, made in one go. NF is its
# family.
chains() {
	case $1 in *[!A-Za-z0-9_.-]*) set -- "$(echo "$1" | tr -c 'A-Za-z0-9_.\n-' _)" ;; esac
	note "nft delete table $NF unhole-$1"
	{
		echo "table $NF unhole-$1"
		echo "delete table $NF unhole-$1"
		echo "table $NF unhole-$1 {"
		cat
		echo '}'
	} | command nft -f -
}

# _undo_all FILE: the newest change first, but for what another recipe has made, too. Some
# of it may be gone already. The file goes last: what is cut short can be undone again.
_undo_all() {
	for _o in "${1%/*}"/*; do
		[ "$_o" = "$1" ] || cat "$_o"
	done >"${1%/*}/.others"
	tac "$1" | awk 'FILENAME ~ /others$/ { also[$0]; next } !($0 in also)' "${1%/*}/.others" - | while read -r _line; do
		# A table that was loaded anew has other handles.
		case $_line in 'nft delete rule '*)
			_c=${_line#* comment } _line=${_line% comment *}
			# shellcheck disable=SC2086 # words
			_line="$_line handle $(command nft -a list chain ${_line#nft delete rule } 2>/dev/null | sed -n "s/.* comment \"$_c\" # handle //p" | head -n 1)"
			;;
		esac
		eval "command $_line" >/dev/null 2>&1 || :
	done
	rm "$1" "${1%/*}/.others"
	_untag
}

# _again: the command that makes it anew, with what it was told in the environment. Nothing,
# if a value has characters that would have to be quoted, or the folder that this is in.
_again() {
	case $PWD/$0 in *[!A-Za-z0-9_./:,@=+%-]*) return 0 ;; esac
	_cmd='' _text=$(cat ./*.sh)
	while IFS= read -r _v; do
		_n=${_v%%=*}
		case $_n in PATH | HOME | PWD | IP | NF | CHAIN | WAY | *[!A-Z0-9_]*) continue ;; esac
		case $_text in *"\$$_n"* | *"\${$_n"*) ;; *) continue ;; esac
		case $_v in *[!A-Za-z0-9_./:,@=+%-]*) return 0 ;; esac
		_cmd="$_cmd$_v "
	done <<-END
		$(command env)
	END
	echo "${_cmd}sh $PWD/${0##*/}${VERBS:+ up}"
}

_taken_back() {
	_status=$?
	trap - EXIT
	# doctor names it, where somebody has taken away what was made.
	if [ $_status = 0 ] && [ -e "$STATE" ]; then
		_cmd=$(_again)
		[ -z "$_cmd" ] || note ": again $_cmd"
	fi
	if [ ! -e "$STATE.before" ]; then
		[ $_status = 0 ] || [ ! -e "$STATE" ] || {
			_undo_all "$STATE"
			echo "$RECIPE: nothing of it is left" >&2
		}
		# As it was told the last time
		if [ $_status != 0 ] && [ -n "${_before-}" ]; then
			# shellcheck disable=SC2086 # words
			env -i PATH="$PATH" $_before && echo "$RECIPE: what stood before stands again" >&2
		fi
	elif [ $_status = 0 ]; then
		_undo_all "$STATE.before"
	else
		[ ! -e "$STATE" ] || _undo_all "$STATE"
		mv "$STATE.before" "$STATE"
		echo "$RECIPE: what stood before stands" >&2
	fi
	exit $_status
}

# --- what is there already ---------------------------------------------------------------

# _marks: all numbers that rules here have for marks, values and masks.
_marks() {
	{
		ip -4 rule
		ip -6 rule
		! command -v iptables-save || { iptables-save && ip6tables-save; }
		[ ! -e /proc/net/ip_tables_names ] || iptables-legacy-save
		[ ! -e /proc/net/ip6_tables_names ] || ip6tables-legacy-save
		! command -v nft || command nft list ruleset
	} 2>/dev/null | grep -F mark | grep -oE '0x[0-9a-f]+' | sort -u
}

# _mark_is_free: nobody but recipes with the same bits has them. A mask of nearly all bits,
# as "meta mark & 0xffffff00", is of those that it leaves out.
_mark_is_free() {
	[ "$BITS" != 0 ] || return 0
	cat "${STATE%/*}"/* 2>/dev/null | grep -qxF ": bits $MARK" && return
	for _m in $(_marks); do
		case $_m in *f*f*f*f*f*) _bits=$((_m ^ 0xffffffff)) ;; *) _bits=$((_m)) ;; esac
		[ $((_bits & MARK)) = 0 ] || die "the mark's bits $MARK are in use here: a rule has $_m" \
			"MARK=MASK with $BITS bits that are free: ip rule; nft list ruleset | grep mark"
	done
}

# _is_free TABLE: nobody but recipes has routes in that table, or a rule that leads there.
_is_free() {
	! grep -qsE "(table|lookup) $1( |\$)" "${STATE%/*}"/* || return 0
	_used=$({
		echo "$_rules" | grep -wF "lookup $1" || :
		command ip -4 route show table "$1" || :
		command ip -6 route show table "$1" || :
	} 2>/dev/null | head -n 1)
	[ -z "$_used" ] || die "the table $1 is in use here: $_used" \
		"$2 that is nobody's: ip rule; ip route show table all"
}
_tables_are_free() {
	case $VIA,${FILLS-} in none, | *,none) return 0 ;; esac
	_rules=$(command ip -N -4 rule && command ip -N -6 rule)
	_is_free "$TABLE" 'TABLE=NUMBER, one'
	for _t in $(seq "$TABLES" $((TABLES + ${FILLS:-0} - 1))); do
		_is_free "$_t" "TABLES=NUMBER, the first of $FILLS,"
	done
}

# _comes_first: nothing takes all packets before our first rule. (wg-quick puts its rules in
# front of all others whenever it starts.)
_comes_first() {
	_rule=$(command ip "-$F" rule | awk -F '[:\t]+' -v pref="$PREF" '
		$1 <= pref && $2 ~ /^(not from all fwmark [^ ]+|from all) lookup / && $2 !~ /suppress|lookup (local|main|default|\[)/ { sub(/ $/, "", $2); print $1 ": " $2; exit }')
	[ -z "$_rule" ] || die "the rule '$_rule' takes all packets before ours, from $PREF on" \
		"PREF=$((${_rule%%:*} / 2)), or give that rule a preference behind ours (wg-quick: Table, PostUp)"
}

_has_flag() { ethtool --show-priv-flags "$VIA" 2>/dev/null | grep -q "^$1 *: on"; }

# _whence TOOL: how one comes by it.
_whence() {
	case $1 in
	arping) set -- iputils-arping ;;
	bird | birdc) set -- bird2 ;;
	bpf-return | */bpf-return) set -- 'gcc libc6-dev; cc -o bpf-return bpf-return.c' ;;
	ip) set -- iproute2 ;;
	ip6tables) set -- iptables ;;
	nft) set -- nftables ;;
	esac
	echo "apt-get install $1"
}

_look() {
	_tools="ip ${TOOLS-}" _front=$IPT
	[ "$FRONT" != nft ] || _front=nft
	case $VIA,$_tools in *' rules') _tools="ip $_front" ;; none,*) ;; *) _tools="$_tools $_front" ;; esac
	[ "$VIA" = lo ] || [ -z "$AGAIN" ] || _tools="$_tools ethtool"
	for _t in $_tools; do
		command -v "$_t" >/dev/null || die "$_t is missing" "$(_whence "$_t")"
	done
	for _d in ${NEEDS-}; do
		command ip link show dev "$_d" >/dev/null 2>&1 || die "there is no device $_d" 'see the variables at the top of the recipe'
	done
	[ -z "${NOT-}" ] || [ ! -e "${STATE%/*}/$NOT" ] ||
		die "$NOT.sh is at work, which has the same tables and bits" "sh $NOT.sh undo; two-isps.sh does what reply-uplink.sh does, too"
	_mark_is_free
	_tables_are_free
	[ "$VIA" != none ] || return 0
	_comes_first
	if [ "$VIA" = lo ]; then
		"$IPT" -j UNHOLE -h >/dev/null 2>&1 ||
			die 'iptables knows no target UNHOLE' 'apt install ./iptables-unhole_*.deb; or VIA=nvi0'
	elif command ip link show dev "$VIA" >/dev/null 2>&1; then
		command ip -d link show dev "$VIA" | grep -qw nvi || die "$VIA is no nvi device" 'VIA=nvi0, or another name'
		_has=nothing
		! _has_flag prerouting || _has=prerouting
		! _has_flag reset-ct || _has=reset-ct
		[ "$_has" = "${AGAIN:-nothing}" ] || die "$VIA is there, and has $_has switched on; this recipe wants ${AGAIN:-nothing}" \
			'VIA=nvi1, a device of its own'
	else
		modprobe -q nvi || [ -d /sys/module/nvi ] || die 'this kernel has no driver nvi' 'apt install ./unhole-dkms_*.deb; then unhole-path doctor'
	fi
	_managers
}

# _managers: what would take our rules and routes away.
_managers() {
	systemctl -q is-active systemd-networkd 2>/dev/null || return 0
	_conf=$(systemd-analyze cat-config systemd/networkd.conf 2>/dev/null)
	for _k in ManageForeignRoutingPolicyRules ManageForeignRoutes; do
		case $(echo "$_conf" | sed -n "s/^$_k=//p" | tail -n 1) in
		no | false | off | 0) continue ;;
		esac
		cat >&2 <<-'END'
			note: systemd-networkd takes away rules and routes that are not its own when it is restarted or
			reconfigures a device, unless it is told not to:
			  mkdir -p /etc/systemd/networkd.conf.d
			  printf '[Network]\n%s=no\n%s=no\n' ManageForeignRoutingPolicyRules ManageForeignRoutes >/etc/systemd/networkd.conf.d/unhole.conf
			  systemctl restart systemd-networkd
		END
		return 0
	done
}

# loose DEV...: replies may come in by each of several uplinks, whatever main says. (IPv6 has
# no rp_filter; but firewalld has.)
loose() {
	if [ "$F" = 6 ]; then
		[ -z "${_loose-}" ] && command nft list table inet firewalld 2>/dev/null | grep -q 'fib saddr . mark . iif oif' || return 0
		_loose=said
		cat >&2 <<-'END'
			note: firewalld drops IPv6 replies that come in by another uplink than main's, unless it is told not to:
			  sed -i 's/^IPv6_rpfilter=strict/IPv6_rpfilter=loose/; s/^IPv6_rpfilter=yes/IPv6_rpfilter=no/' /etc/firewalld/firewalld.conf
			  firewall-cmd --reload
		END
		return 0
	fi
	for _d; do
		_rp=$(command sysctl -n "net/ipv4/conf/$_d/rp_filter") _all=$(command sysctl -n net.ipv4.conf.all.rp_filter)
		# The larger of the two counts.
		case $_rp$_all in
		10 | 01 | 11 | 2?) sysctl -qw "net/ipv4/conf/$_d/rp_filter=2" ;;
		esac
	done
}

# way_back DEV TABLE: where main has no default route, or has lost it, rp_filter, 2 as well,
# refuses what goes back to DEV: there is no way to where it comes from. The rule stands behind
# main's, so it changes nothing else.
way_back() { $IP rule add pref 32768 iif "$1" lookup "$2"; }

# others_first DEV: what others' tables have more than a default route for (as Tailscale's has
# for its network) has no uplink to choose.
others_first() {
	for _t in $($IP rule | sed -nE 's/^[0-9]+:\tfrom all lookup ([^ []+)( proto [^ ]+)? *$/\1/p'); do
		case $_t in local | default) ;; *) $IP rule add pref "$PREF" iif "$1" lookup "$_t" suppress_prefixlength 1 ;; esac
	done
}

# forwarding [DEV...]: is on. A router's kernel drops the IPv6 default routes that it has
# learned by router advertisements, and learns no more by DEV, unless accept_ra is 2. (Where it
# is 0, a program takes them. Who has a router with 1 wants none.)
forwarding() {
	if [ "$F" = 4 ]; then
		sysctl -qw net.ipv4.ip_forward=1
		return
	fi
	for _d in $(ip -6 route show default proto ra | sed -n 's/.* dev \([^ ]*\).*/\1/p' | sort -u); do
		[ "$(command sysctl -n "net/ipv6/conf/$_d/accept_ra")" = 0 ] || sysctl -qw "net/ipv6/conf/$_d/accept_ra=2"
	done
	for _d; do
		case $(command sysctl -n "net/ipv6/conf/$_d/accept_ra" 2>/dev/null)$(command sysctl -n net.ipv6.conf.all.forwarding) in
		10 | 2?) sysctl -qw "net/ipv6/conf/$_d/accept_ra=2" ;;
		esac
	done
	sysctl -qw net.ipv6.conf.all.forwarding=1
}

# _pass_xt TOOL MATCH...: by one of the two iptables.
_pass_xt() {
	_tool=$1 _chain=FORWARD
	shift
	case $(command "$_tool" -S FORWARD 2>/dev/null) in
	'' | '-P FORWARD ACCEPT') return 0 ;;
	*DOCKER-USER*) _chain=DOCKER-USER ;;
	esac
	_xt "$_tool" -I $_chain "$@" -j ACCEPT
}

# pass XT NFT: FORWARD lets pass what matches, in words of iptables and of nftables, where a
# chain there may drop it. What the iptables that is not this box's "iptables" has made counts,
# too: to nft, iptables-nft's chains are chains like others.
pass() {
	_theirs=FORWARD
	# shellcheck disable=SC2086 # words
	_pass_xt "$IPT" $1
	case $(command "$IPT" -V 2>/dev/null) in
	*nf_tables*)
		# shellcheck disable=SC2086
		! grep -qsx filter "/proc/net/${NF}_tables_names" || _pass_xt "$IPT-legacy" $1
		;;
	*) _theirs='' ;;
	esac
	# (nft has room for 128 characters.)
	_comment="unhole-$RECIPE $(echo "$2" | tr -d '&')"
	[ ${#_comment} -le 128 ] || _comment="$(echo "$_comment" | cut -c 1-110) $(echo "$_comment" | cksum | cut -d ' ' -f 1)"
	# A device may be called as a word of nft's, or as what is no word at all.
	set -- "$1" "$(echo "$2" | sed -E 's/(iifname|oifname) ([^ ]+)/\1 "\2"/g')"
	command nft list chains 2>/dev/null | awk '
		$1 == "table" { family = $2; table = $3 }
		$1 == "chain" { chain = $2 }
		/hook forward/ && family != "bridge" && family != "'"$([ "$F" = 4 ] && echo ip6 || echo ip)"'" &&
			!(chain == "'"$_theirs"'" && family != "inet") && table !~ /^unhole-/ { print family, table, chain }' |
		while read -r _fam _table _chain; do
			if [ "$_table" = firewalld ]; then
				_firewalld "$2"
				continue
			fi
			# By its policy, by a rule, or by a chain that all of the rest goes to
			_rules=$(command nft list chain "$_fam" "$_table" "$_chain")
			_rest=$(echo "$_rules" | sed -nE 's/^[[:space:]]*(counter ([a-z]+ [0-9]+ )*)?(jump|goto) ([^ ]+).*/\4/p' | tail -n 1)
			echo "$_rules $([ -z "$_rest" ] || command nft list chain "$_fam" "$_table" "$_rest")" | grep -qwE 'drop|reject' || continue
			note "nft delete rule $_fam $_table $_chain comment $_comment"
			# shellcheck disable=SC2086 # words
			echo "$_rules" | grep -qF "comment \"$_comment\"" ||
				command nft insert rule "$_fam" "$_table" "$_chain" $2 accept comment "\"$_comment\"" ||
				die "the chain $_chain of table $_fam $_table cannot be changed" "let pass there: $2"
			[ "$_table" != fw4 ] || cat >&2 <<-END
				note: when fw4 reloads it takes away what lets this pass, but for:
				  mkdir -p /usr/share/nftables.d/chain-pre/forward
				  echo '$2 accept' >/usr/share/nftables.d/chain-pre/forward/unhole-$RECIPE.nft
			END
		done
}

# _firewalld NFT: others cannot change its table. What is typed here stays.
_firewalld() {
	case $1 in
	*" oifname \"$VIA\"")
		firewall-cmd --get-zone-of-interface="$VIA" >/dev/null 2>&1 </dev/null || cat >&2 <<-END
			note: firewalld must let pass what goes to $VIA:
			  firewall-cmd --permanent --new-zone=unhole
			  firewall-cmd --permanent --zone=unhole --add-interface=$VIA
			  firewall-cmd --permanent --new-policy=unhole-in
			  firewall-cmd --permanent --policy=unhole-in --add-ingress-zone=ANY
			  firewall-cmd --permanent --policy=unhole-in --add-egress-zone=unhole
			  firewall-cmd --permanent --policy=unhole-in --set-target=ACCEPT
			  firewall-cmd --reload
		END
		;;
	*) echo "note: firewalld must let pass: $1" >&2 ;;
	esac
}

# let_in DEV [OUT BIT]: FORWARD lets what comes in by DEV pass to an nvi device. The second
# pass crosses FORWARD again, as from DEV to the true uplink, where your rules judge it. By lo,
# and with PREROUTING, it comes from $VIA there. That would let pass what they judge by DEV,
# so it is only said. With OUT and BIT: the box's own packets, which cross it once, from $VIA
# to the uplink OUT, and have BIT. (A client's fragments come in by the nvi device, too, and
# are not to pass by that.)
let_in() {
	if [ -n "${3-}" ]; then
		pass "-i $1 -o $2 -m mark --mark $3/$3" "iifname $1 oifname $2 meta mark & $3 == $3"
	elif [ "$VIA" != lo ] && [ -z "$AGAIN" ]; then
		pass "-i $1 -o $VIA" "iifname $1 oifname $VIA"
	elif { command "$IPT" -S FORWARD && command nft list chains; } 2>/dev/null |
		grep -qE '^-P FORWARD DROP|hook forward .*policy drop'; then
		echo "note: FORWARD must let pass: -i $1 -o $VIA, and -i $VIA -o each uplink" >&2
	fi
}

# hole [XMARK]: what is routed to $VIA is routed again, with the mark XMARK from there on.
hole() {
	if [ "$VIA" = lo ]; then
		_reset=
		[ "$AGAIN" != reset-ct ] || _reset=--reset-ct
		"$IPT" -t raw -A PREROUTING -i lo -j UNHOLE $_reset
		# (Not by --set-xmark: another recipe's rule may be the one that is met.)
		[ -z "${1-}" ] || "$IPT" -t mangle -A PREROUTING -i lo -j MARK --set-xmark "$1"
		return
	fi
	_new=
	command ip link show dev "$VIA" >/dev/null 2>&1 || _new=yes
	ip link add "$VIA" type nvi
	case $_new,$AGAIN in
	yes,prerouting) ethtool --set-priv-flags "$VIA" prerouting on ;;
	yes,reset-ct) ethtool --set-priv-flags "$VIA" prerouting on reset-ct on ;;
	esac
	ip link set "$VIA" up
	[ -z "${1-}" ] || [ "$FRONT" = nft ] ||
		"$IPT" -t mangle -A "$CHAIN" "$WAY" "$VIA" -j MARK --set-xmark "$1"
}

# but BITS: all bits of a mark but these.
but() { printf '0x%x' $((0xffffffff ^ $1)); }

# _lead ID PREFIX OPTIONS: a route that leads into the hole. A plain IPv6 "dev lo" silently
# becomes a route that rejects; a nexthop object, here with the number ID, does not.
_lead() {
	_id=$1 _to=$2
	shift 2
	if [ "$F,$VIA" = 6,lo ]; then
		ip -6 nexthop add id "$_id" dev lo
		ip -6 route add "$_to" nhid "$_id" "$@"
	else
		ip "-$F" route add "$_to" dev "$VIA" "$@"
	fi
}
# into TABLE [OPTIONS]: the default route of a table leads into the hole.
into() {
	_table=$1
	shift
	_lead "$_table" default "$@" table "$_table"
}
# lead PREFIX TABLE: what goes there does, too.
lead() { _lead "$TABLE" "$1" table "$2"; }

# device_to ADDRESS: the device that leads there.
device_to() { $IP route get "$1" | sed -n 's/.* dev \([^ ]*\).*/\1/p'; }

# snat NAME CLIENTS SOURCE [persistent]: what they send gets that source on its way into the
# hole. NAME is that of the table.
snat() {
	if [ "$FRONT" = nft ]; then
		chains "$1" <<-EOF
			chain postrouting {
				type nat hook postrouting priority srcnat - 1
				oifname "$VIA" $NF saddr $2 snat to $3 ${4-}
			}
		EOF
	else
		"$IPT" -t nat -A POSTROUTING -o "$VIA" -s "$2" -j SNAT --to-source "$3" ${4:+"--$4"}
	fi
}

# --- this recipe -------------------------------------------------------------------------

# What is taken where nothing is said, so that recipes stand beside each other. The rules of
# "own" come first: two-isps.sh has one for all that the box sends.
#
# None of these bits is WireGuard's (wg-quick: 0xca6c), Tailscale's (0xff0000), Kubernetes'
# (0xc000) or mwan3's (0x3f00). Table 52 is Tailscale's.
case ${USES:=clients} in
clients) : "${MARK:=0x00000010}" "${TABLE:=50}" "${TABLES:=101}" "${PREF:=300}" ;;
own) : "${MARK:=0x03000080}" "${TABLE:=51}" "${TABLES:=54}" "${PREF:=60}" ;;
uplinks) : "${MARK:=0xf0000000}" "${TABLE:=60}" "${TABLES:=61}" "${PREF:=100}" ;;
networks) : "${MARK:=0xfc000000}" "${TABLE:=53}" "${TABLES:=500}" "${PREF:=400}" ;;
esac
: "${VIA:=nvi0}" "${IPTABLES:=iptables}" "${AGAIN:=}" "${BITS:=1}"
[ "$VIA" != lo ] || FRONT=iptables
: "${FRONT:=nft}"
case $IPTABLES in
ip6tables) F=6 IP='ip -6' IPT=ip6tables NF=ip6 ;;
*) F=4 IP='ip -4' IPT=iptables NF=ip ;;
esac
CHAIN=PREROUTING WAY=-i
[ "$VIA" = lo ] || [ -n "$AGAIN" ] || CHAIN=POSTROUTING WAY=-o
export IP NF CHAIN WAY

# _number NAME MAX: is one.
_number() {
	eval "_v=\$$1"
	case $_v in
	'' | 0* | *[!0-9]* | ???????????*) ;;
	*) [ "$_v" -gt "$2" ] || return 0 ;;
	esac
	die "$1=$_v is no number from 1 to $2" "$1=NUMBER, or leave it out"
}
_number TABLE 4294967295
_number TABLES 4294967000
_number PREF 32700 # what is behind main's rule is never met
case $TABLE in 253 | 254 | 255) die "TABLE=$TABLE is the kernel's own" 'another TABLE=' ;; esac
case $FRONT in nft | iptables) ;; *) die "FRONT=$FRONT is not known" 'FRONT=nft or FRONT=iptables' ;; esac
case $VIA in */* | *[[:space:]]* | ????????????????*) die "VIA=$VIA is no name for a device" 'VIA=nvi0, or VIA=lo' ;; esac

# The bits.
MARK=${MARK#*/}
_v=${MARK#0x} _digits=0-9
[ "$_v" = "$MARK" ] || _digits=0-9a-fA-F
case $_v in
'' | 0[0-9] | *[!$_digits]* | ???????????*) _v='' ;;
*) [ $((MARK)) -le 4294967295 ] || _v='' ;;
esac
[ -n "$_v" ] || die "MARK=$MARK is no mask of 32 bits" 'MARK=MASK, as 0x10000'
[ "$BITS" != 0 ] || MARK=0
_n=0 _b=1
while [ $_b -le $((MARK)) ] && [ $_n -lt 8 ]; do
	[ $((MARK & _b)) = 0 ] || { _n=$((_n + 1)) && eval "BIT$_n=$(printf '0x%x' $_b)"; }
	_b=$((_b * 2))
done
[ $_n -ge "$BITS" ] || die "MARK=$MARK has $_n bits, and this recipe needs $BITS" 'MARK=MASK with more bits'

# A script of somebody else's that sources this has no state.
if [ -z "${RECIPE-}" ]; then
	STATE='' RECIPE=${0##*/}
	case $RECIPE in *.sh) [ ! -e "./$RECIPE" ] || STATE=yes ;; esac
	RECIPE=${RECIPE%.sh}${INSTANCE:+-$INSTANCE}
	if [ -n "$STATE" ]; then
		[ "$(id -u)" = 0 ] || die 'only root can change rules and routes' "sudo sh $0"
		_net=$(readlink /proc/self/ns/net)
		_net=${_net#*\[}
		STATE=/run/unhole/${_net%]}/$RECIPE
		(umask 077 && mkdir -p "${STATE%/*}")
		_forget
		# A run that was killed has left both.
		[ ! -e "$STATE.before" ] || { cat "$STATE" >>"$STATE.before" 2>/dev/null || :; mv "$STATE.before" "$STATE"; }
		case ${1-} in
		undo | down)
			[ -e "$STATE" ] || echo "$RECIPE: there is nothing to undo" >&2
			[ ! -e "$STATE" ] || _undo_all "$STATE"
			exit 0
			;;
		'' | up) ;;
		*)
			case " ${VERBS-} " in
			*" $1 "*) ;;
			*) die "'$1' is not known" "sh $0 [undo${VERBS:+ }${VERBS-}]" ;;
			esac
			;;
		esac
		if [ "${1-}" != status ]; then
			_look
			case ${KEEP-},$(ls "$STATE" 2>/dev/null) in
			*,) ;;
			yes,*) mv "$STATE" "$STATE.before" ;;
			*)
				_before=$(sed -n 's/^: again //p' "$STATE" | tail -n 1)
				trap _taken_back EXIT
				_undo_all "$STATE"
				;;
			esac
			trap _taken_back EXIT
			trap 'exit 1' HUP INT TERM
			[ "$BITS" = 0 ] || note ": bits $MARK"
		fi
	fi
fi

[ "${OPEN-}" = no ] || [ "$VIA" = none ] || hole ${XMARK:+"$XMARK"}
