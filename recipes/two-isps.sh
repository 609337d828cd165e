# SPDX-License-Identifier: GPL-2.0-only
# Two internet providers, or more, with addresses that may change. Each client leaves by its
# provider, with that provider's address; what came in by an uplink is answered by it.
#
#                up1 --- provider 1
#   LAN --- [box]
#                up2 --- provider 2
#
#   sh two-isps.sh up                             sets it up; again: takes up what has changed
#   sh two-isps.sh down                           takes it all away
#   sh two-isps.sh status                         a line for each uplink; what is wrong
#   sh two-isps.sh renumber DEV [ADDRESS [GATEWAY]]    DEV has another address, or is back
#   sh two-isps.sh withdraw DEV                   DEV is not used until "renumber" or "up"
#
# two-isps-hook.sh has whatever configures the uplinks call the last two.
#
# Variables, in the file $CONF (/etc/unhole/two-isps.conf) or in the environment, which counts
# where both say something:
#
#   UPLINKS='up1 up2'   the devices of the providers
#   LAN='cl0'           the devices that clients and servers are behind
#   DEFAULT=up1         the uplink of all that MAP does not name, and of the box itself. When
#                       an uplink fails, this one stands in, or else the first that works
#   MAP='198.51.100.2=up1 198.51.100.0/28=up2'    clients, by address or network. The longest
#                       prefix counts. IPv6, too
#   FORWARDS='tcp:8080=198.51.100.9:80'           ports of all uplinks that lead to a server
#   GW_up1=192.0.2.2    a next hop, where it is neither in a default route nor in a lease
#                       (GW6_up1 for IPv6; what is no letter or digit becomes _)
#   ROUTED_up1='203.0.113.16/28'   networks that the provider routes to this box: they leave by
#                       up1 as they are
#   FAMILIES='4 6'      IPv6 leaves with the uplink's own address, as IPv4 does
#   VIA, MARK, TABLE, TABLES, PREF                see open.sh
#
# How: a new connection of the LAN is routed into nvi0, where SNAT gives it the address of its
# uplink. The second lookup goes by that address. So does the lookup of what has such an address
# from the start: replies, and bound sockets of the box. To move a client to another uplink, or
# to give an uplink another address, only the address in SNAT's map has to be changed.
# Connections that began before it was set up are left alone, whatever translates them. So is
# what IPsec encrypts, if the other side's network has a route of its own.
# shellcheck shell=sh
set -e
: "${CONF:=/etc/unhole/two-isps.conf}"
if [ -e "$CONF" ]; then
	env=$(export -p)
	# shellcheck source=/dev/null
	. "$CONF"
	eval "$env"
fi
: "${UPLINKS:=up1 up2}" "${LAN:=cl0}" "${MAP:=}" "${FORWARDS:=}" "${FAMILIES:=4 6}"
: "${DEFAULT:=${UPLINKS%% *}}"
[ -e /proc/sys/net/ipv6 ] || FAMILIES=4
[ "${VIA-}" != lo ] || VIA=nvi0 # it needs no mark of its own on the second pass
VERB=${1:-up} DEV=${2-} ADDRESS=${3-} GATEWAY=${4-}

cd "$(dirname "$0")"
[ "$(id -u)" = 0 ] || { echo 'error: only root can change rules and routes' && echo "  cure: sudo sh $0 $*" && exit 1; } >&2
(umask 077 && mkdir -p /run/unhole)
exec 9>/run/unhole/.two-isps.lock
! command -v flock >/dev/null || flock 9 # hooks come by twos
case $VERB in
renumber | withdraw)
	case " $UPLINKS " in *" $DEV "*) ;; *) echo "two-isps: ${DEV:-nothing} is none of the uplinks $UPLINKS" && exit ;; esac
	# (Else a hook would load nvi for what nobody has set up.)
	[ -n "$(ls /run/unhole/*/"$(basename "$0" .sh)"* 2>/dev/null)" ] || { echo 'two-isps: it is not up' && exit; }
	;;
esac
FILLS=$(echo "- $UPLINKS" | wc -w) NOT=reply-uplink FRONT=nft USES=uplinks KEEP=yes OPEN=no VERBS='renumber withdraw status' . ./open.sh
case $VERB in
renumber | withdraw) [ -e "$STATE.before" ] || { rm "$STATE" && echo 'two-isps: it is not up' && exit; } ;;
esac
PLAN=${STATE%/*}/.two-isps NEW=${STATE%/*}/.two-isps.new

# family 4|6: what follows is for it.
family() {
	IPTABLES=$([ "$1" = 4 ] || echo ip6tables) . ./open.sh
}
# ours ADDRESS: is of this family.
ours() { case $F,$1 in 6,*:*:* | 4,*[0-9].[0-9]*) ;; *) false ;; esac; }
# var NAME DEV: the variable NAME_DEV, as $value
var() {
	value='' _dev=$2
	case $2 in *[!A-Za-z0-9_]*) _dev=$(echo "$2" | tr -c 'A-Za-z0-9\n' _) ;; esac
	eval "value=\${$1_$_dev-}"
}

# --- what there is ---------------------------------------------------------------------------
#
# In $NEW stands a line for each uplink and family, and in $PLAN what it was the last time:
#
#   FAMILY NUMBER DEV STATE ADDRESS GATEWAY SOURCE OWN...
#
# SOURCE is what its clients leave with now. OWN is all that may leave by it. "-" is nothing.

# gateway DEV OLD: as it was told, or as it stands in a default route or a lease; DEV, where
# none is needed; OLD, where none is known
gateway() {
	[ "$DEV" != "$1" ] || ! ours "$GATEWAY" || { echo "$GATEWAY" && return; }
	var "GW${F#4}" "$1"
	_gw=$value _routes=$($IP -o route show default | sed 's/$/ /')
	[ -n "$_gw" ] || _gw=$(echo "$_routes" | grep -oE "via [^ ]+ dev $1 " | awk 'NR == 1 { print $2 }')
	[ "$F$_gw" != 4 ] || _gw=$({
		sed -n 's/^ROUTER=\([^ ]*\).*/\1/p' "/run/systemd/netif/leases/$(cat "/sys/class/net/$1/ifindex")" || :
		sed -n 's/.*option routers \([^ ,;]*\).*/\1/p' "/var/lib/dhcp/dhclient.$1.leases" | tail -n 1
		$IP -o addr show dev "$1" scope global | sed -n 's/.* peer \([^ /]*\).*/\1/p'
	} 2>/dev/null | head -n 1)
	[ -n "$_gw" ] || case "$(ip link show dev "$1") $_routes" in *POINTOPOINT* | *"default dev $1 "*) _gw=$1 ;; esac
	echo "${_gw:-$2}"
}
plan() {
	_n=0
	for _up in $UPLINKS; do
		# shellcheck disable=SC2046 # words
		set -- $(grep -s "^$F [0-9]* $_up " "$PLAN")
		_was=${4-} _a=${5-} _gw=${6-} _state=up _n=$((_n + 1))
		_own=$($IP -o addr show dev "$_up" scope global 2>/dev/null |
			awk '!/ (tentative|deprecated|temporary|dadfailed) / && $4 !~ /^f[cd]/ { sub("/.*", "", $4); print $4 }')
		[ "$DEV" != "$_up" ] || ! ours "$ADDRESS" || _a=$ADDRESS
		echo "$_own" | grep -qxF -e "$_a" || _a=${_own%%[!0-9a-f.:]*}
		[ -z "$_a" ] || _gw=$(gateway "$_up" "${_gw#-}")
		case $VERB,$DEV,$_was in
		"withdraw,$_up,"*) _state=withdrawn ;;
		up,* | *",$_up,"*) ;;
		*,withdrawn) _state=withdrawn ;;
		esac
		[ -n "$_gw" ] || _state=no-gateway
		[ -n "$_a" ] || _state=no-address
		case $(ip link show dev "$_up" up 2>/dev/null) in *LOWER_UP*) ;; *) _state=down ;; esac
		var ROUTED "$_up"
		for _r in $value; do ! ours "$_r" || _own="$_own $_r"; done
		# shellcheck disable=SC2086 # words
		echo "$F" $_n "$_up" $_state "${_a:--}" "${_gw:--}" - $_own
	done | awk -v default="$DEFAULT" '
		{ line[NR] = $0 }
		$4 == "up" && (source == "" || $3 == default) { source = $5 }
		END {
			for (n = 1; n <= NR; n++) {
				$0 = line[n]
				$7 = $4 == "up" ? $5 : source == "" ? "-" : source
				print
			}
		}'
}
# each COMMAND...: with NUMBER DEV STATE ADDRESS GATEWAY SOURCE OWN... of each uplink
each() {
	grep "^$F " "$NEW" | while read -r _ _line; do
		# shellcheck disable=SC2086 # words
		"$@" $_line
	done
}

# any_up: this family has an uplink to choose. If not, nothing is led anywhere.
any_up() { grep -q "^$F [^-]* up " "$NEW"; }

# --- nftables --------------------------------------------------------------------------------

# elements: a line for each map and set. What MAP says of networks stands in a map for each
# length of prefix, the longest first.
elements() {
	awk -v f="$F" -v via="\"$VIA\"" -v default="$DEFAULT" -v map="$MAP" '
		$1 != f { next }
		{
			up = "\"" $3 "\""
			source[$3] = $7
			if ($5 != "-")
				out = out up " : " $5 ", "
			for (i = 8; i <= NF; i++)
				if ($i !~ "/")
					own = own up " . " $i ", " ($4 == "up" ? via " . " $i ", " : "")
		}
		END {
			if (source[default] != "-")
				out = out via " : " source[default]
			n = split(map, m, " ")
			for (i = 1; i <= n; i++) {
				split(m[i], client, "=")
				if ((client[1] ~ /:/) != (f == 6))
					continue
				bits = split(client[1], part, "/") == 2 ? part[2] : f == 4 ? 32 : 128
				of[bits] = of[bits] (source[client[2]] == "-" ? "" : client[1] " : " source[client[2]] ", ")
			}
			for (bits = 128; bits >= 0; bits--)
				if (bits in of)
					print "map source" bits, of[bits]
			print "map out", out
			print "set own", own
		}' "$NEW"
}

# forwards COMMAND...: with PROTOCOL PORT HOST PORT of each of FORWARDS
forwards() {
	for _f in $FORWARDS; do
		_to=${_f#*=} _from=${_f%%=*}
		_host=${_to%:*}
		_host=${_host#\[}
		! ours "$_host" || "$@" "${_from%%:*}" "${_from#*:}" "${_host%\]}" "${_to##*:}"
	done
}
_dnat() {
	[ "$F" = 4 ] && _at=$3 || _at="[$3]"
	echo "iifname . $NF daddr @own $1 dport $2 dnat to $_at:$4"
}
quoted() { echo "$*" | sed 's/[^ ]*/"&",/g'; }

# ruleset <ELEMENTS
ruleset() {
	_snat='' _routed='' _lan="iifname { $(quoted "$LAN") }"
	[ "$F" = 4 ] && _t=ipv4_addr _none=0.0.0.0 || _t=ipv6_addr _none='{ ::, fe80::/10 }'
	while read -r _what _name _list; do
		case $_name in
		out) _type="type ifname : $_t" ;;
		own) _type="type ifname . $_t" ;;
		*)
			_type="type $_t : $_t; flags interval" _snat="$_snat
			oifname \"$VIA\" snat to $NF saddr map @$_name"
			;;
		esac
		echo "$_what $_name { $_type; ${_list:+elements = { $_list \}} }"
	done
	for _up in $UPLINKS; do
		var ROUTED "$_up"
		for _r in $value; do
			! ours "$_r" || _routed="$_routed
			oifname { $(quoted "$_up" "$VIA") } $NF saddr $_r accept"
		done
	done
	# (A set of intervals, or with a part that is one, seems empty for a moment while nft
	# makes it: then the guard would drop what it shall not. So "own" is none.)
	cat <<-END
		chain forwards {
			type nat hook prerouting priority dstnat - 1
			$(forwards _dnat)
		}
		# Who has an address of the uplink already keeps it.
		chain postrouting {
			type nat hook postrouting priority srcnat - 1
			oifname . $NF saddr @own accept$_routed$_snat
			oifname "$VIA" snat to oifname map @out
			${NO_ESP}snat to oifname map @out
		}
		# Whatever goes wrong: no other address leaves.
		chain guard {
			type filter hook postrouting priority srcnat + 1
			$NF saddr $_none accept$_routed
			oifname { $(quoted "$UPLINKS" "$VIA") } oifname . $NF saddr != @own ${NO_ESP}counter drop
		}
		# Into nvi0: replies; connections that are new, with all that belongs to them.
		chain prerouting {
			type filter hook prerouting priority mangle
			$_lan ct direction reply meta mark set meta mark | $BIT1
			$_lan ct state new ct mark set ct mark | $BIT1
			$_lan ct state related ct status expected ct mark set ct mark | $BIT1
			$_lan ct direction original ct mark & $BIT1 == $BIT1 meta mark set meta mark | $BIT1
		}
		# Once more, behind those who set a whole mark. (The first time is for those who keep the
		# mark in the connection's.)
		chain again {
			type filter hook prerouting priority mangle + 10
			$_lan ct direction reply meta mark set meta mark | $BIT1
			$_lan ct direction original ct mark & $BIT1 == $BIT1 meta mark set meta mark | $BIT1
		}
	END
}
# tried <RULES: whether nft would take them
tried() {
	{
		echo "table $NF unhole-tried {"
		cat
		echo '}'
	} | command nft -c -f - 2>&1
}
# nftables: where the rules stand as they shall be, other elements are all it takes.
nftables() {
	_kept=${STATE%/*}/.two-isps.$F
	echo | ruleset >"$NEW.rules"
	if [ "$VERB" != up ] && cmp -s "$_kept" "$NEW.rules" && command nft list table "$NF" unhole-two-isps >/dev/null 2>&1; then
		note "nft delete table $NF unhole-two-isps"
		elements | while read -r _what _name _list; do
			echo "flush $_what $NF unhole-two-isps $_name"
			[ -z "$_list" ] || echo "add element $NF unhole-two-isps $_name { $_list }"
		done | command nft -f -
	else
		elements | ruleset | chains two-isps
	fi
	note "rm -f $_kept"
	mv "$NEW.rules" "$_kept"
}

command -v conntrack >/dev/null || [ "$VERB" = status ] ||
	echo 'note: conntrack is missing: who is bound to an address that is gone waits for a time-out (apt-get install conntrack)' >&2

# --- rules and routes ------------------------------------------------------------------------

# What of the box has no source yet comes behind the rules of others: VRFs' (1000), Tailscale's
# (5210 to 5270).
OWN=$((PREF + 19900))
[ $OWN -le 32700 ] || OWN=$((PREF + 4))

# An uplink's table is $TABLES and its number. $TABLES is for what of the box has no source
# yet: a default route of each, the default uplink's first.
_routes() { # NUMBER DEV STATE ADDRESS GATEWAY SOURCE OWN...
	# shellcheck disable=SC2153 # it is from open.sh
	_t=$((TABLES + $1)) _metric=$(($1 + 1)) _state=$3
	_route="default $([ "$5" = "$2" ] || echo "via $5 onlink") dev $2 src $4"
	[ "$2" != "$DEFAULT" ] || _metric=1
	[ ! -e "/proc/sys/net/ipv4/conf/$2" ] || loose "$2"
	note "ip -$F route flush table $_t"
	# shellcheck disable=SC2086 # words
	case $_state in
	up | withdrawn) $IP route replace $_route table $_t ;;
	*) $IP route flush table $_t 2>/dev/null || : ;;
	esac
	# shellcheck disable=SC2086 # words
	case $_state in
	up) $IP route replace $_route metric $_metric table "$TABLES" ;;
	*) $IP route del default metric $_metric table "$TABLES" 2>/dev/null || : ;;
	esac
	shift 6
	for _a; do
		$IP rule add pref "$PREF" from "$_a" lookup main suppress_prefixlength 1
		$IP rule add pref $((PREF + 2)) from "$_a" lookup $_t
		$IP rule add pref $((PREF + 3)) from "$_a" unreachable
	done
}
_pass() { for _d in $UPLINKS; do pass "-i $_d -d $3 -p $1 --dport $4" "iifname $_d $NF daddr $3 $1 dport $4"; done; }
make() {
	# The connections that it has translated are told anew, by who comes after it.
	note "conntrack -D -f ipv$F -m $BIT1/$BIT1"
	note "ip -$F route flush table $TABLES"
	for _d in $LAN; do
		# shellcheck disable=SC2086 # words
		[ -z "$($IP -o addr show dev "$_d" scope global 2>/dev/null)" ] || forwarding $UPLINKS
	done
	hole
	# Other networks of the box, and what has a route of its own, have no uplink to choose.
	# (No rule for all packets: it would stand before that of VRFs.)
	others_first "$VIA"
	each _routes
	$IP rule add pref $((PREF + 3)) iif "$VIA" unreachable
	for _d in $LAN; do let_in "$_d"; done
	forwards _pass
	nftables
	if any_up; then
		into "$TABLE"
		$IP rule add pref $OWN iif lo lookup main suppress_prefixlength 1
		$IP rule add pref $((OWN + 1)) iif lo lookup "$TABLES"
		for _d in $LAN; do
			others_first "$_d"
			$IP rule add pref $((PREF + 1)) iif "$_d" fwmark "$BIT1/$BIT1" lookup "$TABLE"
			way_back "$_d" "$TABLES"
		done
	fi
	# Who is bound to an address that is no longer to be used begins anew.
	grep -s "^$F [^-]* up " "$PLAN" | while read -r _ _n _up _ _a _; do
		grep -q "^$F $_n $_up up $_a " "$NEW" || conntrack -D -f "ipv$F" --reply-dst "$_a" >/dev/null 2>&1 || :
	done
}

# --- status ----------------------------------------------------------------------------------

wrong() { echo "error: $1" && echo "  cure: $2"; }
_line() {
	_of=
	for _m in $MAP; do ! ours "${_m%=*}" || [ "${_m##*=}" != "$2" ] || _of="$_of ${_m%=*}"; done
	[ "$2" != "$DEFAULT" ] || _of="$_of${_of:+ and} all others"
	[ "$3" = up ] || [ -z "$_of" ] || _of="$_of, with $6"
	[ "$3" = no-address ] && grep -q " $2 \(up\|withdrawn\|no-gateway\) " "$NEW" ||
		printf '%-6s %-18s via %-18s %-10s%s\n' "$2" "$4" "$5" "$3" "$_of"
}
_wrong() { # NUMBER DEV STATE ADDRESS GATEWAY SOURCE
	case $3 in
	down) [ "$F" != 4 ] || wrong "$2 is down" "ip link set $2 up; its cable" ;;
	withdrawn) wrong "$2 is withdrawn" "sh $0 renumber $2" ;;
	no-gateway) wrong "no next hop of $2 is known (IPv$F)" "GW${F#4}_$2=ADDRESS in $CONF; then sh $0 up" ;;
	no-address) [ "$F" != 4 ] || grep -q "^6 .* $2 \(up\|withdrawn\|no-gateway\) " "$NEW" || wrong "$2 has no address" 'its DHCP client; ip addr' ;;
	up) [ -n "$($IP route show default table $((TABLES + $1)) 2>/dev/null)" ] || wrong "$2 has no route in table $((TABLES + $1))" "sh $0 up" ;;
	esac
	grep -qF "$F $*" "$PLAN" || wrong "$2 has changed (IPv$F), and no hook has told it" "sh $0 renumber $2"
}
status() {
	each _line
	{
		each _wrong
		command nft list table "$NF" unhole-two-isps >/dev/null 2>&1 || wrong "the table $NF unhole-two-isps of nftables is gone" "sh $0 up"
		$IP rule >"$NEW.rules"
		for _line in "$((PREF)):.*suppress_prefixlength" \
			$(! any_up || { echo "$((OWN + 1)):" && for _d in $LAN; do echo "$((PREF + 1)):.*$_d"; done; }) \
			$(awk -v f="$F" -v p=$((PREF + 2)) '$1 == f { for (i = 8; i <= NF; i++) print p ":.*" $i }' "$NEW"); do
			grep -q "^$_line" "$NEW.rules" || wrong "a rule is gone: $_line" "sh $0 up"
		done
	} >>"$NEW.wrong"
}

for f in $FAMILIES; do
	family "$f"
	plan
done >"$NEW"
if [ "$VERB" = status ]; then
	[ -e "$STATE" ] || { rm "$NEW" && wrong 'it is not up' "sh $0 up" && exit 1; }
	: >"$NEW.wrong"
	for f in $FAMILIES; do
		family "$f"
		status
	done
	ip link show dev "$VIA" up 2>/dev/null | grep -q . || wrong "$VIA is not up" "sh $0 up" >>"$NEW.wrong"
	cat "$NEW.wrong"
	[ ! -s "$NEW.wrong" ]
	exit
fi
for m in $MAP "=$DEFAULT"; do
	case " $UPLINKS " in *" ${m#*=} "*) ;; *) die "$m: that is none of the uplinks $UPLINKS" "MAP and DEFAULT in $CONF" ;; esac
done
[ -z "$ADDRESS" ] || grep -q " $DEV [^ ]* $ADDRESS " "$NEW" || die "$DEV does not have the address $ADDRESS" "ip addr show dev $DEV"
family 4
NO_ESP='rt ipsec missing ' # a kernel without IPsec does not know it
echo "chain c { ${NO_ESP}accept; }" | tried >/dev/null || NO_ESP=
for f in $FAMILIES; do
	family "$f"
	said=$(elements | ruleset | tried) || die "nft says of MAP, FORWARDS or ROUTED_...: $(echo "$said" | head -n 2)" "see $CONF"
done
note "rm -f $PLAN $NEW $NEW.wrong $NEW.rules"
for f in $FAMILIES; do
	family "$f"
	make
done
mv "$NEW" "$PLAN"
