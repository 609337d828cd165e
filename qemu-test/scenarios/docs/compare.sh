# SPDX-License-Identifier: GPL-2.0-only
# The hole beside the ways that an unpatched kernel offers, capability by
# capability, each tried with real packets. NOTES.md has the result as a table
# (make compare), and this scenario is red where the two differ.
# weight: 15
# shellcheck disable=SC2016 # Markdown

# Everybody answers for all of 203.0.113.0/24 and 2001:db8:3::/64: each probe has
# an address of its own there, so that all of them run at once.
NET=203.0.113 NET6=2001:db8:3:
UP1=192.0.2.1 UP2=192.0.2.129 UP2_6=2001:db8:22::1
host client far1 far2
wire box cl0 $BOXCL/24,$BOXCL6/64 client eth0 $CLIENT/24,$CLIENT6/64
wire box up1 $UP1/25,2001:db8:21::1/64 far1 eth0 192.0.2.2/25,2001:db8:21::2/64
wire box up2 $UP2/25,$UP2_6/64 far2 eth0 192.0.2.130/25,2001:db8:22::2/64
for h in far1 far2; do
	must ip -n $h addr add $NET.1/24 dev lo
	must ip -n $h -6 route add local $NET6:/64 dev lo
done
must ip -n client route add default via $BOXCL
must ip -n client -6 route add default via $BOXCL6
must ip -n far1 route add default via $UP1
must ip -n far1 -6 route add default via 2001:db8:21::1
must ip -n far2 route add default via $UP2
must ip -n far2 -6 route add default via $UP2_6
must ip route add $NET.0/24 via 192.0.2.2
must ip -6 route add $NET6:/64 via 2001:db8:21::2
capture up1 far1 eth0
capture up2 far2 eth0
for a in $CLIENT 192.0.2.2 192.0.2.130 $CLIENT6 2001:db8:21::2 2001:db8:22::2; do
	must pings box 1 $a >/dev/null
done

# --- the ways --------------------------------------------------------------
# WAY_up MODE sets OUT (where the first lookup leads to; HOP4 and HOP6 is what its routes
# say before that), IN (where the second pass comes in) and SYSCTL (the device that wants
# accept_local, or none), makes the devices, and writes the raw table's rules to /run/raw. WAY_open: no address
# filter any more. WAY_down takes away what WAY_up made. A mode is how the second
# pass is tracked: "own" (what the way does by itself, or is used with), "notrack",
# or "zone" (afresh, in a zone of its own); of nvi also "again" (as in "own", but across
# PREROUTING). One more way is these three functions,
# its title and modes, its name in WAYS, and its module, if it has one.

unhole_up() {
	OUT=lo IN=lo SYSCTL=lo
	[ $PATCHED = 0 ] || SYSCTL=
	case $1 in
	own) echo '-A PREROUTING -i lo -j UNHOLE' ;;
	zone) printf '%s\n' '-A PREROUTING -i lo -j UNHOLE --reset-ct' "$ZONE" ;;
	esac >/run/raw
}
unhole_open() { :; }
unhole_down() { :; }

mirred_up() {
	OUT=lo IN=lo SYSCTL=lo
	must tc qdisc add dev lo clsact
	must tc filter add dev lo egress prio 4 protocol ip u32 match ip dst $NET.0/24 action mirred ingress redirect dev lo
	must tc filter add dev lo egress prio 6 protocol ipv6 u32 match ip6 dst $NET6:/64 action mirred ingress redirect dev lo
	case $1 in
	own) echo '-A PREROUTING -i lo -j CT --notrack' ;;
	zone) echo "$ZONE" ;;
	esac >/run/raw
}
mirred_open() {
	must tc filter del dev lo egress
	must tc filter add dev lo egress prio 4 protocol ip u32 match u32 0 0 action mirred ingress redirect dev lo
	must tc filter add dev lo egress prio 6 protocol ipv6 u32 match u32 0 0 action mirred ingress redirect dev lo
}
mirred_down() { must tc qdisc del dev lo clsact; }

veth_up() {
	OUT=v0 IN=v1 SYSCTL=v1
	must ip link add v0 type veth peer name v1
	must ip link set v1 address "$(cat /sys/class/net/v0/address)"
	for v in v0 v1; do must ip link set $v addrgenmode none arp off up; done
	case $1 in
	own) ;;
	notrack) echo '-A PREROUTING -i v1 -j CT --notrack' ;;
	zone) echo "$ZONE" ;;
	esac >/run/raw
}
veth_open() { :; }
veth_down() { must ip link del v0; }

nvi_up() {
	OUT=nvi0 IN=nvi0 SYSCTL=
	nvi nvi0
	: >/run/raw
	case $1 in
	again) must ethtool --set-priv-flags nvi0 prerouting on ;;
	zone)
		must ethtool --set-priv-flags nvi0 prerouting on reset-ct on
		echo "$ZONE" >/run/raw
		;;
	esac
}
nvi_open() { :; }
nvi_down() { must ip link del nvi0; }

# A route with a BPF program, as in recipes/bpf-reroute.sh. Its second lookup is one for a
# packet of the box: iif is lo.
bpf_up() {
	OUT=reroute0 IN=lo SYSCTL=
	must ip link add reroute0 type dummy
	must ip link set reroute0 up
	[ -e /run/bpf/reroute ] || {
		mkdir -p /run/bpf
		must mount -t bpf bpf /run/bpf
		must bpf-return lwt_xmit 128 /run/bpf/reroute
	}
	HOP4='encap bpf xmit pinned /run/bpf/reroute' HOP6=$HOP4
	: >/run/raw
}
bpf_open() { :; }
bpf_down() { must ip link del reroute0; }

# Policy rules, and NAT at the uplink that they lead to: one lookup.
rules_up() {
	OUT=up1 IN=up1 SYSCTL=
	HOP4='via 192.0.2.2' HOP6='via 2001:db8:21::2'
	: >/run/raw
}
rules_open() { :; }
rules_down() { :; }

# title WAY, modes WAY, and how the table calls a mode that is not the first.
title() {
	case $1 in
	unhole) echo UNHOLE ;;
	mirred) echo '`tc mirred`, `notrack`' ;;
	veth) echo 'veth pair' ;;
	nvi) echo nvi ;;
	bpf) echo 'BPF reroute' ;;
	rules) echo 'policy rules alone' ;;
	esac
}
modes() {
	case $1 in
	unhole|mirred) echo own zone ;;
	veth) echo own notrack zone ;;
	nvi) echo own again zone ;;
	bpf|rules) echo own ;;
	esac
}
label() {
	case $1:$2 in
	unhole:zone) echo 'with `--reset-ct`, zones' ;;
	mirred:zone) echo 'with zones instead' ;;
	nvi:again) echo 'with `prerouting`' ;;
	nvi:zone) echo 'with `prerouting`, `reset-ct`, zones' ;;
	*:zone) echo 'with zones' ;;
	*) echo "with \`$2\`" ;;
	esac
}
WAYS='unhole nvi bpf veth mirred rules'
OWN_MODULES='xt_UNHOLE nvi'

# --- the rows --------------------------------------------------------------

ROWS='translated|second lookup on the translated source
answered|... and the replies come back
entry|same conntrack entry on both passes, behind SNAT
ctmark|ctmark kept
masquerade|MASQUERADE where the first pass goes out
uplink|MASQUERADE at the true uplink
mangle|PREROUTING on pass 2: `raw`, `mangle`
dnat|PREROUTING on pass 2: `nat` (DNAT)
genuine|genuine loopback untouched, with no address filter
loop|loop stopped after one pass
trusted|outside traffic never reaches INPUT as `-i lo`
own|the box'\''s own traffic
apart|... with the two lookups told apart by `iif` alone
own6|IPv6, clients and the box
nosysctl|the box'\''s own traffic with no sysctl set
nic|FORWARD sees the true input device on pass 2
ttl|TTL that a client'\''s packet loses
module|no module of its own
stock|stock kernel'

# row KEY RESULT: what the first mode says stands; a later one counts where those
# before it said no.
row() {
	_result=$2
	if [ -e "/run/row/$1" ]; then
		read -r _before <"/run/row/$1"
		case $_before:$2 in
		no*:no*|yes*|[!n]*) return ;;
		esac
		_result="$2, $(label $WAY $MODE)"
	fi
	echo "$_result" >"/run/row/$1"
}
yes_if() { if "$@"; then echo yes; else echo no; fi; }

# What the table of NOTES.md says: "X", or "X; KERNEL: Y" where a kernel differs; "stock"
# is all of those.
noted() { # COLUMN ROW
	awk -F ' *[|] *' -v col="$1" -v row="$2" -v k="$K" '
		/^<!-- compare: begin/ { on = 1 }
		/^<!-- compare: end/ { on = 0 }
		!on || NF < 3 { next }
		!c { for (i = 2; i < NF; i++) if ($i == col) c = i; next }
		$2 == row {
			n = split($c, part, "; ")
			said = part[1]
			for (i = 2; i <= n; i++) {
				who = part[i]
				sub(/: .*/, "", who)
				if (who == k || who == "stock" && k ~ /^stock/)
					said = substr(part[i], length(who) + 3)
			}
			print said
		}' /unhole/NOTES.md
}
K=$GUEST_K

# --- a trial ---------------------------------------------------------------

ZONE='-A PREROUTING -i IN -j CT --zone 2
-A PREROUTING -i up1 -j CT --zone 2
-A PREROUTING -i up2 -j CT --zone 2'
unload() { for m in $OWN_MODULES; do ! grep -q "^$m " /proc/modules || rmmod $m || return; done; }

down() {
	printf '*raw\nCOMMIT\n*mangle\nCOMMIT\n*nat\nCOMMIT\n' >/run/none
	must iptables-restore /run/none
	must ip6tables-restore /run/none
	for f in -4 -6; do
		ip $f rule flush
		must ip $f rule add pref 32766 lookup main
		for t in 50 102 103; do ip $f route flush table $t 2>/dev/null; done
	done
	ip -6 nexthop flush >/dev/null 2>&1
	must conntrack -F 2>/dev/null
	must sysctl -qw net.ipv4.conf.all.accept_local=0 net.ipv4.conf.lo.accept_local=0 \
		net.ipv4.ip_forward=0 net.ipv6.conf.all.forwarding=0
}

up() {
	HOP4='' HOP6=''
	"${WAY}_up" "$MODE"
	# Into the way: clients by their device, the box by a mark, or by the main
	# table (.80). Out of it: by the translated source, or by iif (.80); back
	# into it (.50); to the box (.60).
	cat >/run/batch4 <<-EOT
		route add default $HOP4 dev $OUT table 50
		route replace $NET.80 $HOP4 dev $OUT src $UP1
		route add default via 192.0.2.130 table 102
		route add local $NET.60 dev lo table 103
		rule add pref 30 iif $IN to $NET.80 lookup 102
		rule add pref 40 iif $IN from $UP2 lookup 102
		rule add pref 41 iif $IN to $NET.50 lookup 50
		rule add pref 42 iif $IN to $NET.60 lookup 103
		rule add pref 50 iif cl0 lookup 50
		rule add pref 51 fwmark 0x50 lookup 50
	EOT
	cat >/run/batch6 <<-EOT
		nexthop add id 50 $HOP6 dev $OUT
		route add default nhid 50 table 50
		route add default via 2001:db8:22::2 table 102
		rule add pref 40 iif $IN from $UP2_6 lookup 102
		rule add pref 50 iif cl0 lookup 50
		rule add pref 51 fwmark 0x50 lookup 50
	EOT
	must ip -batch /run/batch4
	must ip -6 -batch /run/batch6
	sed -i "s/-i IN/-i $IN/" /run/raw
	{
		printf '*raw\n'
		cat /run/raw
		cat <<-EOT
			COMMIT
			*mangle
			-A PREROUTING -i $IN -j MARK --set-mark 0
			-A PREROUTING -i cl0 -j CONNMARK --set-mark 7
			-A PREROUTING -i $IN -s $UP2 -d $NET.7 -m comment --comment crossed
			-A PREROUTING -i $IN -d $NET.50 -m comment --comment pass
			-A PREROUTING -i $IN -d $NET.60 -m comment --comment came
			-A INPUT -i lo -d $NET.60 -m comment --comment trusted
			-A INPUT -i lo -m conntrack --ctstate UNTRACKED -m comment --comment untracked
			-A FORWARD -i cl0 -o up2 -d $NET.7 -m comment --comment nic
			-A OUTPUT -d $NET.70 -j MARK --set-mark 0x50
			-A OUTPUT -d $NET.90 -j MARK --set-mark 0x50
			-A POSTROUTING -o up2 -d $NET.7 -m conntrack --ctorigsrc $CLIENT -m comment --comment entry
			-A POSTROUTING -o up2 -d $NET.7 -m connmark --mark 7 -m comment --comment ctmark
			COMMIT
			*nat
			-A PREROUTING -i $IN -d $NET.20 -j DNAT --to-destination $NET.21
			-A POSTROUTING -o $OUT -d $NET.30 -j MASQUERADE
			-A POSTROUTING -o up1 -d $NET.40 -j MASQUERADE
		EOT
		for d in 7 20 70 80 90; do echo "-A POSTROUTING -o $OUT -d $NET.$d -j SNAT --to-source $UP2"; done
		echo COMMIT
	} >/run/rules4
	{
		printf '*raw\n'
		cat /run/raw
		cat <<-EOT
			COMMIT
			*mangle
			-A PREROUTING -i $IN -j MARK --set-mark 0
			-A OUTPUT -d $NET6:70 -j MARK --set-mark 0x50
			-A OUTPUT -d $NET6:90 -j MARK --set-mark 0x50
			COMMIT
			*nat
			-A POSTROUTING -o $OUT -j SNAT --to-source $UP2_6
			COMMIT
		EOT
	} >/run/rules6
	must iptables-restore /run/rules4
	must ip6tables-restore /run/rules6
	must sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
	[ -z "$SYSCTL" ] || must sysctl -qw net.ipv4.conf.$SYSCTL.accept_local=1
}

# try NAME NS ADDRESS...: one ping, in the background; answered NAME: was it?
try() {
	_name=$1
	shift
	{ pings "$1" 1 "$2" -W ${SLOW:-1} $3 $4 >/dev/null 2>&1 && : >"/run/answered/$_name"; } &
	TRIED="$TRIED $!"
}
# What is judged by where it goes, not by an answer, need not wait for one.
SENT='-W 0.05'
tried() {
	for _p in $TRIED; do wait $_p; done
	TRIED=
}
answered() { [ -e "/run/answered/$1" ]; }

# Requests on either wire since the last call, into /run/wire: WIRE TTL SRC DST.
wires() {
	: >/run/wire
	for _w in up1 up2; do
		settled $_w
		show $_w 'icmp[0] == 8 or (icmp6 and ip6[40] == 128)' | awk -v w=$_w '
			/^IP |^ *[0-9:.]+ IP/ { for (i = 1; i <= NF; i++) if ($i == "ttl" || $i == "hlim") ttl = $(i + 1) + 0 }
			/ > .*echo request/ {
				for (i = 1; i <= NF; i++) if ($i == ">") { dst = $(i + 1); sub(/:$/, "", dst); print w, ttl, $(i - 1), dst }
			}' >/run/wire.all
		tail -n +$(($(cat /run/wire.$_w 2>/dev/null || echo 0) + 1)) /run/wire.all >>/run/wire
		wc -l </run/wire.all >/run/wire.$_w
	done
}
# on_wire LINE: a pattern of /run/wire.
on_wire() { grep -q "^$1\$" /run/wire; }
# Of /run/counters: what the rule with that comment has seen.
count() { sed -n "s/^.\([0-9]*\):.* --comment $1\( .*\)*\$/\1/p" /run/counters; }
counted() { [ "$(count $1)" -gt 0 ]; }

trial() { # in this mode
	rm -rf /run/answered
	mkdir /run/answered
	up
	try dnat client $NET.20 $SENT
	try uplink client $NET.40
	[ "$MODE" = zone ] || try_all
	tried
	wires
	row dnat "$(yes_if on_wire "up. [0-9]* $UP2 $NET.21")"
	row uplink "$(on_wire "up1 [0-9]* $UP1 $NET.40" && yes_if answered uplink || echo no)"
	# NAT afresh is what a zone is for; for the rest it is one more thing to set up.
	[ "$MODE" = zone ] || judge_all
}

# The probes that are not about NAT afresh.
try_all() {
	try snat client $NET.7
	try masquerade client $NET.30
	try loop client $NET.50 $SENT
	try local client $NET.60 $SENT
	try own box $NET.70 -I $UP1
	try apart box $NET.80 -I $UP1
	try client6 client ${NET6}:7
	try own6 box ${NET6}:70 -I 2001:db8:21::1
}
judge_all() {
	iptables-save -t mangle -c >/run/counters
	row translated "$(yes_if on_wire "up2 [0-9]* $UP2 $NET.7")"
	row answered "$(yes_if answered snat)"
	row entry "$(yes_if counted entry)"
	row ctmark "$(yes_if counted ctmark)"
	row masquerade "$(! on_wire "up1 [0-9]* $CLIENT $NET.30" && yes_if answered masquerade || echo no)"
	row mangle "$(yes_if counted crossed)"
	row own "$(on_wire "up2 [0-9]* $UP2 $NET.70" && yes_if answered own || echo no)"
	row apart "$(on_wire "up2 [0-9]* $UP2 $NET.80" && yes_if answered apart || echo no)"
	row own6 "$(on_wire "up2 [0-9]* $UP2_6 ${NET6}:7" && on_wire "up2 [0-9]* $UP2_6 ${NET6}:70" &&
		answered client6 && yes_if answered own6 || echo no)"
	row nic "$(yes_if counted nic)"
	row ttl "$((64 - $(sed -n "s/^up[12] \([0-9]*\) $UP2 $NET.7\$/\1/p" /run/wire | grep . || echo 0)))"
	[ $PATCHED = 1 ] || row stock "$(answered snat && yes_if answered own || echo no)"
	passes=$(count pass)
	if [ "$passes" -le 1 ]; then row loop yes; else row loop "no ($passes passes)"; fi
	[ $WAY = rules ] || counted came || not_ok "$WAY, $MODE: the packet for the box did not come by"
	if counted trusted; then row trusted no; else row trusted yes; fi
	if answered own; then own_traffic; else row nosysctl no; fi
	[ "$MODE" != own ] || once
}

# With the sysctls as a box has them that does not forward.
own_traffic() {
	must sysctl -qw net.ipv4.conf.lo.accept_local=0 net.ipv4.ip_forward=0 net.ipv6.conf.all.forwarding=0
	[ -z "$SYSCTL" ] || must sysctl -qw net.ipv4.conf.$SYSCTL.accept_local=0
	try bare box $NET.90 -I $UP1
	try bare6 box ${NET6}:90 -I 2001:db8:21::1
	tried
	case $(yes_if answered bare)$(yes_if answered bare6) in
	yesyes) row nosysctl yes ;;
	yesno) row nosysctl 'IPv4 only' ;;
	noyes) row nosysctl 'IPv6 only' ;;
	*) row nosysctl no ;;
	esac
}

once() {
	row module "$(yes_if sh -c "for m in $OWN_MODULES; do ! grep -q \"^\$m \" /proc/modules || exit; done")"
	must conntrack -F 2>/dev/null
	"${WAY}_open"
	untracked=$(count untracked)
	try lo box 127.0.0.1
	try lo6 box ::1
	try lobox box $UP1
	tried
	iptables-save -t mangle -c >/run/counters
	row genuine "$(answered lo && answered lo6 && answered lobox &&
		[ "$(count untracked)" = "$untracked" ] &&
		yes_if [ "$(conntrack -L -p icmp 2>/dev/null | grep -c -e dst=127.0.0.1 -e "dst=$UP1 ")" = 2 ] || echo no)"
}

# What is promised of the hole, and what is known of the others; the rest of the
# table is what it is, and may be found better one day.
known() { # KEY RESULT...
	_k=$1 _got=$(cat "/run/row/$1" 2>/dev/null)
	shift
	is "$WAY: $_k" "${_got%%, with*}" "$1"
}
knowledge() {
	[ $PATCHED = 1 ] || known stock yes
	if [ $WAY = rules ]; then
		known translated no
		for k in answered masquerade uplink genuine trusted nosysctl module; do known $k yes; done
		return
	fi
	for k in translated own own6; do known $k yes; done
	case $WAY in
	unhole)
		for k in answered entry ctmark masquerade uplink mangle dnat genuine trusted; do known $k yes; done
		[ $PATCHED = 0 ] || for k in loop nosysctl; do known $k yes; done
		;;
	nvi)
		for k in answered entry ctmark masquerade uplink mangle dnat genuine loop trusted apart nic; do known $k yes; done
		known module no
		known nosysctl yes
		;;
	bpf)
		for k in answered entry ctmark genuine loop nosysctl module; do known $k yes; done
		for k in masquerade uplink mangle dnat trusted nic; do known $k no; done
		;;
	mirred) known entry no; known ctmark no; known genuine no; known nosysctl no ;;
	veth) known entry no; known ctmark no; known genuine yes; known apart yes; known nosysctl no ;;
	esac
}

: >$RESULTS/compare.results
for WAY in $WAYS; do
	rm -rf /run/row
	mkdir /run/row
	for MODE in $(modes $WAY); do
		down
		[ "$MODE" != own ] || check "$WAY: begins with no module of ours" wait_for 10 unload
		trial
		"${WAY}_down"
	done
	knowledge
	column=$(title $WAY)
	while IFS='|' read -r key row; do
		[ -e "/run/row/$key" ] || continue
		said=$(cat "/run/row/$key")
		echo "$K|$column|$row|$said" >>$RESULTS/compare.results
		is "NOTES.md: $column: $row" "$said" "$(noted "$column" "$row")"
	done <<-EOT
		$ROWS
	EOT
done
is 'NOTES.md has these rows, and no others' \
	"$(sed -n '/^<!-- compare: begin/,/^<!-- compare: end/s/^| *\([^|]*[^ |]\) *|.*/\1/p' /unhole/NOTES.md | sed 1d)" \
	"$(echo "$ROWS" | cut -d'|' -f2)"
