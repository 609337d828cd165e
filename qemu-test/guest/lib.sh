# SPDX-License-Identifier: GPL-2.0-only
# What scenarios are written with. Sourced with dash, in the box's namespace.
# shellcheck shell=sh disable=SC2034 # variables are for scenarios

RESULTS=/results
KERNEL=$(uname -r)
FAILED=0
case $KERNEL in *-unhole-*) PATCHED=1 ;; *) PATCHED=0 ;; esac

# --- assertions ------------------------------------------------------------

ok() { echo "ok $*"; }

not_ok() {
	echo "not ok $*"
	FAILED=$((FAILED + 1))
}

# check WHAT COMMAND...: the command succeeds.
check() {
	_what=$1
	shift
	if _out=$("$@" 2>&1); then
		ok "$_what"
	else
		not_ok "$_what: '$*' failed with $?: $(echo "$_out" | tail -n 3 | tr '\n' ' ')"
	fi
}

# refute WHAT COMMAND...: the command fails.
refute() {
	_what=$1
	shift
	if _out=$("$@" 2>&1); then
		not_ok "$_what: '$*' succeeded: $(echo "$_out" | tail -n 3 | tr '\n' ' ')"
	else
		ok "$_what"
	fi
}

# is WHAT GOT WANT: equal, as text. at_least, at_most: as numbers.
is() { if [ "$2" = "$3" ]; then ok "$1 ($2)"; else not_ok "$1: got '$2', want '$3'"; fi; }
at_least() { if [ "$2" -ge "$3" ]; then ok "$1 ($2)"; else not_ok "$1: got $2, want at least $3"; fi; }
at_most() { if [ "$2" -le "$3" ]; then ok "$1 ($2)"; else not_ok "$1: got $2, want at most $3"; fi; }

# says WHAT TEXT WORDS...: the text holds each of the words.
says() {
	_what=$1 _text=$2
	shift 2
	for _word in "$@"; do
		case $_text in
		*"$_word"*) ;;
		*) not_ok "$_what: '$_word' is not in: $_text"; return ;;
		esac
	done
	ok "$_what"
}

# must COMMAND...: part of the set-up; without it nothing that follows counts.
must() {
	"$@" || { not_ok "set-up: '$*' failed"; finish; }
}

# What strace runs as unhole-path: the tool itself. (The debug flavour's is behind a
# script, and in a process that is traced nobody can look for leaks.)
TRACED=unhole-path
if [ -x /unhole/sanitized/unhole-path ]; then
	TRACED=/unhole/sanitized/unhole-path
	export ASAN_OPTIONS=detect_leaks=0
fi

# json_fits: what unhole-path -j has printed into /run/json is what its schema says.
json_fits() {
	_n=$(grep -c . /run/json)
	is 'JSON: as in the schema' "$(python3 /unhole/schema.py /unhole/schema.json </run/json 2>&1 | tail -n 3)" "$_n values"
}

finish() {
	[ ! -s /run/json ] || json_fits
	for _c in /run/capture.*; do
		[ ! -e "$_c/pcap" ] || cp "$_c/pcap" "$RESULTS/$SCENARIO.${_c#/run/capture.}.pcap"
	done
	if [ "$FAILED" -ne 0 ]; then
		echo '--- state of the box'
		ip addr; ip rule; ip -6 rule; ip route show table all; iptables-save; ip6tables-save; conntrack -L
		exit 1
	fi
	exit 0
} 2>&1

# wait_for SECONDS COMMAND...: until it succeeds, or the deadline is over. A process takes
# an emulated CPU milliseconds, so the clock is read without one.
uptime() { read -r _up _ </proc/uptime; }
wait_for() {
	uptime
	_deadline=$((${_up%.*} + $1 * ${SLOW:-1}))
	shift
	until "$@" >/dev/null 2>&1; do
		uptime
		[ "${_up%.*}" -lt "$_deadline" ] || return 1
		sleep 0.02
	done
}

# front_ends NAME...: all of them; but on a real-time kernel, which cannot have the legacy
# ones, those that are there.
front_ends() {
	for _f in "$@"; do
		case $_f-$(uname -v) in
		*-legacy-*PREEMPT_RT*) $_f -t raw -S >/dev/null 2>&1 || continue ;;
		esac
		echo "$_f"
	done
}

# --- hosts and links -------------------------------------------------------

# "box" is the namespace that the scenario runs in.
on() {
	_ns=$1
	shift
	if [ "$_ns" = box ]; then "$@"; else in-ns "$_ns" "$@"; fi
}

# In each namespace addresses are usable at once, link-local ones too; and TCP, whose
# connections keep a namespace when its processes have gone, gives them up after some 12
# seconds, not 100.
HOST_SYSCTLS='net.ipv6.conf.default.accept_dad=0 net.ipv4.tcp_orphan_retries=5'
host() {
	for _h in "$@"; do
		must ip netns add "$_h"
		# shellcheck disable=SC2086 # a list
		on "$_h" sysctl -qw $HOST_SYSCTLS
		must ip -n "$_h" link set lo up
	done
}
# batch NS [LINE...]: lines of ip's, in one process; without any, from the input.
batch() {
	_bn=$1
	shift
	[ $# -eq 0 ] || { printf '%s\n' "$@" | batch "$_bn"; return; }
	if [ "$_bn" = box ]; then ip -batch -; else ip -n "$_bn" -batch -; fi
}

# wire NS1 IF1 ADDR1 NS2 IF2 ADDR2: a cable (veth), with addresses (ADDR may be
# a comma-separated list, or "-" for none). Offloads are off, so that what the
# capture at the far end sees is what a wire would carry.
wire() {
	case $1,$4 in
	box,box) must ip link add "$2" type veth peer name "$5" ;;
	box,*) must ip link add "$2" type veth peer name "$5" netns "$4" ;;
	*,box) must ip link add "$5" type veth peer name "$2" netns "$1" ;;
	*) must ip -n "$1" link add "$2" type veth peer name "$5" netns "$4" ;;
	esac
	_end "$1" "$2" "$3"
	_end "$4" "$5" "$6"
}
_end() {
	on "$1" ethtool -K "$2" tso off gso off gro off tx off rx off >/dev/null 2>&1
	addresses "$1" "$2" "$3"
}
# mac_of NS DEV (/sys is the box's, whatever "on" says).
mac_of() { ip -n "$1" -br link show "$2" | awk '{ print $3 }'; }

# unprivileged COMMAND...: as a user without rights, root in a user namespace of his own and in
# a network namespace of that.
unprivileged() {
	setpriv --reuid=65534 --regid=65534 --clear-groups unshare --user --map-root-user --net "$@"
}
# addresses NS DEV ADDR,...: the device up, with these addresses.
addresses() {
	_rest=$3,
	{
		echo "link set $2 up"
		while [ "$_rest" != -, ] && [ -n "$_rest" ]; do
			_a=${_rest%%,*} _rest=${_rest#*,}
			case $_a in
			*:*) echo "addr add $_a dev $2 nodad" ;;
			*) echo "addr add $_a dev $2" ;;
			esac
		done
	} >/run/addresses
	must batch "$1" </run/addresses
}

# The topology of most scenarios:
#
#   client 198.51.100.2 --- cl0 [box] up0 192.0.2.1 --- 192.0.2.2 peer
#                                                  203.0.113.7 beyond it
BOX=192.0.2.1 PEER=192.0.2.2 FAR=203.0.113.7
BOXCL=198.51.100.1 CLIENT=198.51.100.2
BOX6=2001:db8:2::1 PEER6=2001:db8:2::2 FAR6=2001:db8:3::7
BOXCL6=2001:db8:1::1 CLIENT6=2001:db8:1::2
topology() {
	host client peer
	wire box cl0 $BOXCL/24,$BOXCL6/64 client eth0 $CLIENT/24,$CLIENT6/64
	wire box up0 $BOX/24,$BOX6/64 peer eth0 $PEER/24,$PEER6/64
	must batch peer "addr add $FAR/32 dev lo" "addr add $FAR6/128 dev lo nodad" \
		"route add default via $BOX" "route add default via $BOX6"
	must batch client "route add default via $BOXCL" "route add default via $BOXCL6"
	must batch box "route add $FAR via $PEER" "route add $FAR6 via $PEER6"
}

# via DEV [FRONT]: what recipes lead into, lo or an nvi device, and what they write their
# rules with: iptables for lo, nft else. BETWEEN: where table mangle sees a packet between
# the two lookups.
via() {
	export VIA="$1" FRONT="${2:-nft}"
	[ "$VIA" != lo ] || FRONT=iptables
	[ "$VIA" = lo ] && BETWEEN='PREROUTING -i lo' || BETWEEN="POSTROUTING -o $VIA"
}
via lo

# hole_local: the box's own packets to FAR go into loopback. By a mark, so that
# neither the second lookup nor rp_filter's reverse lookup finds that route.
# hole_from DEV: packets that come in by DEV go into loopback.
# recipe NAME [VARIABLE=VALUE...]: a recipe, as its reader runs it.
recipe() {
	_r=$1
	shift
	must env "$@" sh "/unhole/recipes/$_r.sh"
}
hole_local() { recipe hole-local FAR="$FAR"; }
hole_from() { recipe hole-from DEV="$1"; }
unhole() { must iptables -t raw -A PREROUTING -i lo -j UNHOLE "$@"; }
# The same for IPv6.
hole_local6() { recipe hole-local6 FAR6=$FAR6; }
hole_from6() { recipe hole-from6 DEV="$1"; }
unhole6() { must ip6tables -t raw -A PREROUTING -i lo -j UNHOLE "$@"; }

# family 4|6: for a scenario that both families share; one that is called NAME6 sets F
# and sources it. From here on BOX and its like are addresses of that family, ${CL}9
# is one of the clients' network and ${UP}9 one of the uplink's (both are LEN long),
# IP and IPT are the tools, NF is the family as nft has it, CT is what conntrack calls pings, $SIX ends a recipe's
# name, and the rest are filters.
family() {
	F=$1 IP="ip -$1"
	case $1 in
	4)
		CL=198.51.100. UP=192.0.2. LEN=24 ALL=32 SIX='' IPT=iptables NF=ip
		CT='-f ipv4 -p icmp' FORWARDING=net.ipv4.ip_forward
		REQUEST='icmp[0] == 8' REPLY='icmp[0] == 0' UNREACH='icmp[0] == 3' PORT_UNREACH='icmp[0:2] == 0x0303'
		REDIRECT='icmp[0] == 5' TTL='ip[8]' FLAGS='tcp[13]'
		;;
	6)
		CL=2001:db8:1:: UP=2001:db8:2:: LEN=64 ALL=128 SIX=6 IPT=ip6tables NF=ip6
		CT='-f ipv6 -p icmpv6' FORWARDING=net.ipv6.conf.all.forwarding
		REQUEST='icmp6[0] == 128' REPLY='icmp6[0] == 129' UNREACH='icmp6[0] == 1' PORT_UNREACH='icmp6[0:2] == 0x0104'
		REDIRECT='icmp6[0] == 137' TTL='ip6[7]' FLAGS='ip6[53]'
		BOX=$BOX6 PEER=$PEER6 FAR=$FAR6 BOXCL=$BOXCL6 CLIENT=$CLIENT6
		;;
	esac
}

# nvi DEV [LINK]: an NVI device, with the private flags NVI_FLAGS. nvi_stat DEV NAME: a
# counter of ethtool -S.
nvi() {
	must ip link add ${2:+link "$2"} name "$1" type nvi
	# shellcheck disable=SC2086 # a list
	[ -z "${NVI_FLAGS-}" ] || must ethtool --set-priv-flags "$1" $NVI_FLAGS
	must ip link set "$1" up
}
nvi_stat() { ethtool -S "$1" | awk -v n="$2:" '$1 == n { print $2 }'; }

# What a stock kernel needs on top: see README. Not where the way is an nvi device.
stock_sysctls() { [ $PATCHED = 1 ] || [ "$VIA" != lo ] || recipe stock-sysctls FOR='clients clients6'; }

# --- counters --------------------------------------------------------------

# Packets received by a device of the box.
rx() { cat "/sys/class/net/$1/statistics/rx_packets"; }

# mib NAME: a counter of the box, as nstat names it.
mib() { nstat -asz "$1" | awk -v n="$1" '$1 == n { print $2 }'; }

# rule_packets TEXT [ip6tables]: that the rule with TEXT in iptables-save's line has seen.
rule_packets() { "${2:-iptables}-save" -c | grep -F -- "$1" | head -n 1 | sed 's/^.\([0-9]*\):.*/\1/'; }

# saved IPTABLES [OPTIONS]: the rules as a file that restores them. A policy's counters
# are 0: a box with IPv6 sends by itself what they would count.
saved() {
	_saved=$1-save
	shift
	"$_saved" "$@" | sed '/^#/d; s/\[[0-9]*:[0-9]*]$/[0:0]/'
}

# stat_unhole NAME: a column of /proc/net/stat/unhole, added up.
stat_unhole() {
	awk -v name="$1" '
		NR == 1 { for (i = 1; i <= NF; i++) if ($i == name) c = i; next }
		{ sum += hex($c) }
		END { print sum + 0 }
		function hex(s,   i, v) {
			for (i = 1; i <= length(s); i++)
				v = v * 16 + index("0123456789abcdef", substr(s, i, 1)) - 1
			return v
		}' /proc/net/stat/unhole
}

# passed_again: packets of the second pass, by whichever way recipes take (VIA).
passed_again() {
	if [ "$VIA" = lo ]; then stat_unhole unholed; return; fi
	ethtool -S "$VIA" | awk '$1 == "direct:" || $1 ~ /^rx_/ { n += $2 } END { print n + 0 }'
}

# reset_ct on|off: whether the second pass has a conntrack entry of its own (VIA).
reset_ct() {
	[ "$VIA" = lo ] || { must ethtool --set-priv-flags "$VIA" reset-ct "$1"; return; }
	[ "$1" = on ] && _reset=--reset-ct || _reset=
	# Its number and itself. The first line is the policy.
	_rule=$($IPT -t raw -S PREROUTING |
		sed -n '/-j UNHOLE/ { s/^-A PREROUTING //; s/ --reset-ct//; =; p }')
	# shellcheck disable=SC2086 # lists
	set -- $_rule $_reset
	_no=$(($1 - 1))
	shift
	must "$IPT" -t raw -R PREROUTING "$_no" "$@"
}

# --- captures --------------------------------------------------------------

# capture NAME NS DEV [BYTES]: packets from now on, whole or their first BYTES.
capture() {
	_c=/run/capture.$1
	mkdir -p "$_c"
	echo "$2 $3" >"$_c/where"
	echo 0 >"$_c/marks"
	# A bulk transfer, of which only the headers are wanted, is not read
	# packet by packet.
	# shellcheck disable=SC2046 # one word or none
	on "$2" tcpdump -Z root -i "$3" -n -s "${4:-0}" -U $([ -n "${4-}" ] || echo --immediate-mode) -B 32768 -w "$_c/pcap" >/dev/null 2>"$_c/err" &
	echo $! >"$_c/pid"
	wait_for 10 grep -q 'listening on' "$_c/err" || must false
}

# stop NAME: the capture ends; what it has stays. (The shell's child is the one that has
# run "on".)
stop() {
	read -r _pid <"/run/capture.$1/pid"
	pkill -P "$_pid" || kill "$_pid"
	wait "$_pid" 2>/dev/null
}

# settled NAME: all that was sent before has been captured. A mark goes out behind it,
# and is waited for.
settled() {
	_c=/run/capture.$1
	read -r _n <"$_c/marks"
	_n=$((_n + 1))
	echo $_n >"$_c/marks"
	read -r _ns _dev <"$_c/where"
	on "$_ns" /unhole/marked "$_dev" "$_c/pcap" "$_n" $((20 * ${SLOW:-1})) || not_ok "capture $1 did not settle"
}

# seen NAME FILTER: how many of the captured packets match.
seen() {
	tcpdump -Z root -n -r "/run/capture.$1/pcap" "$2" 2>/dev/null | wc -l
}
# show NAME FILTER: they themselves, with checksums judged.
show() { tcpdump -Z root -n -vv -r "/run/capture.$1/pcap" "$2" 2>/dev/null; }

# --- traffic ---------------------------------------------------------------

pings() { # NS COUNT ADDRESS [OPTIONS]
	_pns=$1 _pn=$2 _pa=$3
	shift 3
	on "$_pns" ping -n -q -c "$_pn" -i 0.05 -W 2 "$@" "$_pa"
}

# Of an address: its family, and how socat wants it.
_fam() { case $1 in *:*) echo 6 ;; *) echo 4 ;; esac; }
_host() { case $1 in *:*) echo "[$1]" ;; *) echo "$1" ;; esac; }

# udp_echo NS ADDRESS PORT: a server that sends back what it gets.
udp_echo() {
	on "$1" socat -b 65536 "UDP$(_fam "$2")-LISTEN:$3,bind=$(_host "$2"),fork" PIPE &
	wait_for 10 _listens "$1" u "$3" || must false
}
_listens() { on "$1" ss -Hln"$2" "sport = :$3" | grep -q .; }

# udp_ask NS ADDRESS PORT TEXT [SOCAT-OPTIONS]: prints the answer.
udp_ask() {
	case $2 in *:*) _recverr=ipv6-recverr=1 ;; *) _recverr=ip-recverr=1 ;; esac
	printf '%s' "$4" | on "$1" timeout $((10 * ${SLOW:-1})) socat -b 65536 -t 10 - \
		"UDP$(_fam "$2"):$(_host "$2"):$3,$_recverr,readbytes=${#4}${5:+,$5}"
}

# tcp_copy FROM-NS TO-NS ADDRESS PORT MIB [BIND]: sends random data from one host
# to a server on the other; true if it arrived byte for byte. BIND: what the
# server knows ADDRESS as, where NAT is on the way.
# Both ends give up on a connection that does not come: a server left behind would
# keep check waiting for its output.
tcp_copy() {
	[ -e /run/data ] || head -c $(($5 * 1048576)) /dev/urandom >/run/data
	rm -f /run/got
	on "$2" socat -b 65536 -u "TCP$(_fam "$3")-LISTEN:$4,bind=$(_host "${6:-$3}"),reuseaddr,accept-timeout=$((20 * ${SLOW:-1}))" OPEN:/run/got,creat,trunc &
	_srv=$!
	wait_for 10 _listens "$2" t "$4" || return 1
	on "$1" timeout $((60 * ${SLOW:-1})) socat -b 65536 -u OPEN:/run/data "TCP$(_fam "$3"):$(_host "$3"):$4,connect-timeout=$((15 * ${SLOW:-1}))" || return 1
	wait $_srv
	cmp /run/data /run/got
}

# tcp_fetch CLIENT-NS SERVER-NS ADDRESS PORT MIB [BIND]: the other direction, the
# client asks and the server sends.
tcp_fetch() {
	[ -e /run/data ] || head -c $(($5 * 1048576)) /dev/urandom >/run/data
	rm -f /run/got
	on "$2" socat -b 65536 -u OPEN:/run/data "TCP$(_fam "$3")-LISTEN:$4,bind=$(_host "${6:-$3}"),reuseaddr,accept-timeout=$((20 * ${SLOW:-1}))" &
	_srv=$!
	wait_for 10 _listens "$2" t "$4" || return 1
	on "$1" timeout $((60 * ${SLOW:-1})) socat -b 65536 -u "TCP$(_fam "$3"):$(_host "$3"):$4,connect-timeout=$((15 * ${SLOW:-1}))" OPEN:/run/got,creat,trunc || return 1
	wait $_srv
	cmp /run/data /run/got
}

# speaks WHAT CLIENT-NS SERVER-NS ADDRESS [SERVER-ADDRESS]: a client asks ADDRESS
# by ICMP (3 pings), by UDP, and by TCP (1 MiB, there and back, byte for byte).
# The server is SERVER-ADDRESS where that is another. Either family.
speaks() {
	case $4 in
	*:*) _f=6 _to="[$4]" _at="[${5:-$4}]" ;;
	*) _f=4 _to=$4 _at=${5:-$4} ;;
	esac
	[ -e /run/speech ] || head -c 1048576 /dev/urandom >/run/speech
	rm -f /run/heard
	on "$3" socat "UDP$_f-LISTEN:7,bind=$_at,fork" PIPE &
	_us=$!
	on "$3" socat -b 65536 -t 10 "TCP$_f-LISTEN:7,bind=$_at,reuseaddr" SYSTEM:'cat >/run/said; cat /run/said' &
	_ts=$!
	wait_for 10 _listens "$3" u 7 || must false
	wait_for 10 _listens "$3" t 7 || must false
	check "$1: ICMP: answered" pings "$2" 3 "$4"
	is "$1: UDP: answered" "$(printf hello | on "$2" timeout $((5 * ${SLOW:-1})) \
		socat -t 2 - "UDP$_f:$_to:7,readbytes=5")" hello
	check "$1: TCP: 1 MiB there and back" on "$2" timeout $((20 * ${SLOW:-1})) \
		socat -b 65536 -t 10 "OPEN:/run/speech!!OPEN:/run/heard,creat" "TCP$_f:$_to:7"
	check "$1: TCP: byte for byte" cmp /run/speech /run/heard
	kill $_us $_ts 2>/dev/null
	wait $_us $_ts 2>/dev/null
}

# MiB of a bulk transfer; the debug flavour is content with less.
BULK=20
[ "${SLOW:-1}" = 1 ] || BULK=2

# raw6 NS PACKET: sends an IPv6 packet, given whole and in hexadecimal, by a raw
# socket. udp6 SRC DST SPORT DPORT TEXT: a UDP header and payload for one. hex6:
# an address.
raw6() {
	echo "$2" | tr -d ' \t\n' | tr a-f A-F | basenc --base16 -d |
		on "$1" socat -u - "IP6-SENDTO:[$(echo "$2" | tr -d ' \t\n' | cut -c 49-80 | sed 's/..../&:/g; s/:$//')]:255"
}
hex6() {
	echo "$1" | awk '{
		split($0, part, "::"); a = split(part[1], x, ":"); b = split(part[2], y, ":")
		for (i = 1; i <= a; i++) printf "%4s", x[i]
		for (i = a + b; i < 8; i++) printf "0000"
		for (i = 1; i <= b; i++) printf "%4s", y[i]
	}' | tr ' ' 0
}
udp6() {
	_u=$(printf '%04x%04x%04x' "$3" "$4" $((8 + ${#5})))
	_p=$(printf '%s' "$5" | od -An -v -tx1 | tr -d ' \n')
	_sum=0
	for _w in $(echo "$(hex6 "$1")$(hex6 "$2")$(printf '%04x' $((8 + ${#5})))0011$_u$_p" | sed 's/.\{4\}/& /g'); do
		[ ${#_w} = 4 ] || _w=${_w}00
		_sum=$((_sum + 0x$_w))
	done
	_sum=$(((_sum & 0xffff) + (_sum >> 16)))
	_sum=$(((_sum & 0xffff) + (_sum >> 16)))
	printf '%s%04x%s' "$_u" $((0xffff ^ _sum)) "$_p"
}
# frame6 DESTINATION-MAC SOURCE-MAC SOURCE DESTINATION PORT: such a datagram, whole, as
# mausezahn takes it. 17 is UDP, 9 bytes.
frame6() {
	echo "$1 $2 86dd 6000000000091140 $(hex6 "$3") $(hex6 "$4") $(udp6 "$3" "$4" 1 "$5" x)" |
		tr -d ' :\t\n' | sed 's/../&:/g; s/:$//'
}

# longer BYTES: a filter for packets of more than so many bytes, of either family.
longer() { echo "(ip[2:2] > $1 or ip6[4:2] > $(($1 - 40)))"; }

# bulk_fine WHAT CAPTURE FILTER MTU: of the bulk transfer's segments, none is
# over the MTU, and all of them are there.
bulk_fine() {
	is "$1: no segment over $4 bytes on the wire" "$(seen "$2" "$3 and $(longer "$4")")" 0
	at_least "$1: full segments seen on the wire" "$(seen "$2" "$3 and $(longer 1000)")" $((BULK * 700))
}

# bad_checksums NS: how many TCP segments a host has refused for their checksum.
# Its NIC does not judge them (rx off), so its TCP does.
bad_checksums() { on "$1" nstat -asz TcpInCsumErrors | awk '$1 == "TcpInCsumErrors" { print $2 }'; }
