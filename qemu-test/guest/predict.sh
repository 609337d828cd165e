# SPDX-License-Identifier: GPL-2.0-only
# Generated configurations for unhole-path: what it predicts against what a
# packet does. Sourced by the scenarios path-predict*, after lib.sh.
# shellcheck shell=sh
#
#   client 198.51.100.2 --- cl0 [box] up0 192.0.2.1 --- one
#                                     up1 198.18.0.1 --- two
#
# Each packet is a UDP datagram to a port of its own, so that one look at the
# captures and at what INPUT and FORWARD have seen judges them all in the end.
#
# DEV is the device that the hole is: lo, or one of kind nvi.
DEV=lo

# pick NAME VALUE...: one of them, by a generator with a fixed seed.
pick() {
	_var=$1
	shift
	SEED=$(((SEED * 1103515245 + 12345) & 0x7fffffff))
	shift $((SEED / 65536 % $#))
	eval "$_var=\$1"
}

predict_wires() {
	host client one two
	wire box cl0 $BOXCL/24,$BOXCL6/64 client eth0 $CLIENT/24,$CLIENT6/64,10.9.9.9/32,2001:db8:9::9/128
	wire box up0 $BOX/24,$BOX6/64 one eth0 -
	wire box up1 198.18.0.1/24,2001:db8:4::1/64 two eth0 -
	must ip -n client route add default via $BOXCL
	must ip -n client -6 route add default via $BOXCL6
	must ip route add default via $PEER
	must ip -6 route add default via $PEER6
	# Nobody has to answer for an address: the wires only have ears.
	{
		echo "neigh add $PEER lladdr 02:00:00:00:00:01 dev up0"
		echo "neigh add $PEER6 lladdr 02:00:00:00:00:01 dev up0"
		echo "neigh add 198.18.0.2 lladdr 02:00:00:00:00:02 dev up1"
		echo "neigh add 2001:db8:4::2 lladdr 02:00:00:00:00:02 dev up1"
		echo "nexthop add id 50 dev lo"
	} >/run/batch
	must ip -batch /run/batch
	must ip -6 nexthop add id 56 dev lo
	_mac=$(cat /sys/class/net/cl0/address)
	must ip -n client neigh replace $BOXCL lladdr "$_mac" dev eth0
	must ip -n client neigh replace $BOXCL6 lladdr "$_mac" dev eth0
}

# ... with captures, and what INPUT and FORWARD see.
predict_topology() {
	predict_wires
	must nft -f - <<-EOT
		table inet seen {
			set ports { typeof udp dport . meta iifname; size 4096; flags dynamic; }
			set second { typeof udp dport . meta iifname; size 4096; flags dynamic; }
			chain input {
				type filter hook input priority 0;
				udp dport >= 10000 add @ports { udp dport . meta iifname }
			}
			# Nobody listens; and errors would go into the hole, too
			chain output {
				type filter hook output priority -400;
				icmp type destination-unreachable drop
				icmpv6 type destination-unreachable drop
			}
			chain forward {
				type filter hook forward priority 0;
				oifname up* udp dport >= 10000 add @second { udp dport . meta iifname }
			}
		}
	EOT
	capture one one eth0
	capture two two eth0
	: >/run/predicted
	predict_client
	PORT=9999
}

# How packets get into the hole, the client's and the box's own: RULES (policy
# rules), MANGLE (lines for the mangle table), OPTS_CLIENT and OPTS_LOCAL (what
# unhole-path is told), SOCKMARK (of the local socket).
predict_enter() {
	RULES='' MANGLE='' OPTS_CLIENT="from $src iif cl0" OPTS_LOCAL='' SOCKMARK=''
	pick enter_client iif iif iif mark none
	case $enter_client in
	iif) RULES='rule add pref 100 iif cl0 lookup 50' ;;
	mark)
		RULES='rule add pref 100 fwmark 0x60/0xf0 lookup 50'
		MANGLE='-A PREROUTING -i cl0 -j MARK --set-mark 0x60'
		;;
	esac
	pick enter_local output output output socket to none
	case $enter_local in
	output)
		RULES="$RULES
rule add pref 101 fwmark 0x50/0xf0 lookup 50"
		MANGLE="$MANGLE
-A OUTPUT -d $dst -j MARK --set-xmark 0x50/0xff"
		;;
	socket)
		RULES="$RULES
rule add pref 101 fwmark 0x50/0xf0 lookup 50"
		SOCKMARK=0x50 OPTS_LOCAL='mark 0x50'
		;;
	to) RULES="$RULES
rule add pref 101 to $dst lookup 50" ;;
	esac
	pick clear yes yes yes no
	[ $clear = no ] || MANGLE="$MANGLE
$(behind_nat) -j MARK --set-xmark 0/0xf0"
}
# Where a mark can be changed for the second lookup alone.
behind_nat() { if [ $DEV = lo ]; then echo '-A PREROUTING -i lo'; else echo "-A POSTROUTING -o $DEV"; fi; }

# nvi wants no rule. Those that mark, and those that it does not ask: RAW, MANGLE.
predict_nvi() {
	pick rule none none post post forward raw
	RAW=''
	case $rule in
	post) MANGLE="-A POSTROUTING -o $DEV -p udp -j MARK --set-xmark 0x1/0xf
$MANGLE" ;;
	forward) MANGLE="-A FORWARD -i cl0 -o nvi+ -j MARK --set-xmark 0x1/0xf
$MANGLE" ;;
	raw) RAW="-A PREROUTING -i $DEV -j DROP" ;;
	esac
}

# The rule in PREROUTING: RAW, MANGLE (lines).
predict_unhole() {
	pick rule raw raw raw xmark xmark mangle chain allow tcp other none marked accept
	RAW=''
	case $rule in
	raw) RAW='-A PREROUTING -i lo -j UNHOLE' ;;
	xmark) RAW='-A PREROUTING -i lo -j UNHOLE --set-xmark 0x1' ;;
	mangle) MANGLE="-A PREROUTING -i l+ -p udp -j UNHOLE --set-xmark 0x1/0xff
$MANGLE" ;;
	chain) RAW=":hole - [0:0]
-A PREROUTING -d 127.0.0.0/8 -j DROP
-A PREROUTING ! -i cl0 -j hole
-A hole -p udp --dport 1:9999 -j RETURN
-A hole -p udp --dport 10000:20000 -m comment --comment x -j UNHOLE" ;;
	allow) RAW='-A PREROUTING -i lo -j UNHOLE --allow-local' ;;
	tcp) RAW='-A PREROUTING -i lo -p tcp -j UNHOLE' ;;
	other) RAW="-A PREROUTING -i lo ! -d $dst -j UNHOLE" ;;
	marked) RAW='-A PREROUTING -i lo -m mark --mark 0x50/0xf0 -j UNHOLE' ;;
	accept) RAW='-A PREROUTING -i lo -p udp -j ACCEPT
-A PREROUTING -i lo -j UNHOLE' ;;
	esac
	[ $FAM = 4 ] || RAW=$(echo "$RAW" | sed 's,127.0.0.0/8,::1/128,')
}

# What the second lookup meets.
predict_second() {
	pick by none ${BY:-none} source mark iif
	case $by in
	source) RULES="$RULES
rule add pref 90 iif $DEV from ${snat:-$src} lookup 70" ;;
	mark) RULES="$RULES
rule add pref 90 iif $DEV fwmark 0x1/0xf lookup 70" ;;
	iif) RULES="$RULES
rule add pref 110 iif $DEV lookup 70" ;;
	esac
	pick second up1 up1 longer longer unreachable blackhole prohibit throw empty lo $MORE
	case $second in
	up1) T70="route add default via $GW1 table 70" ;;
	empty) T70='' ;;
	lo) T70="route add default $LO table 70" ;;
	nvi[0-9]) T70="route add default dev $second table 70" ;;
	longer) T70="route add unreachable default table 70
route add $dst/$ALL via $GW1 table 70 metric 20
route add unreachable $dst/$ALL table 70 metric 30" ;;
	*) T70="route add $second default table 70" ;;
	esac
}

# The box, as picked.
predict_apply() {
	{
		echo "route add $HOLE table 50"
		echo "$T70"
		[ $moved = no ] || {
			echo 'rule add pref 200 lookup local'
			echo 'rule del pref 0'
		}
		echo "$RULES"
	} | grep . >/run/batch
	must ip -$FAM -batch /run/batch
	grep '^route add' /run/batch | sed 's/add/del/' >/run/routes
	{
		echo '*raw'; echo "$RAW"; echo COMMIT
		echo '*mangle'; echo "$MANGLE"; echo COMMIT
		echo '*nat'; [ -z "$snat" ] || echo "-A POSTROUTING -o $DEV -p udp -j SNAT --to-source $snat"; echo COMMIT
	} >/run/restore
	must "$IPT-$FRONT-restore" /run/restore
}
predict_undo() {
	{
		cat /run/routes
		echo 'rule flush'
		echo 'rule add pref 0 lookup local'
		echo 'rule add pref 32766 lookup main'
		[ $FAM = 6 ] || echo 'rule add pref 32767 lookup default'
	} >/run/batch
	# The flush leaves pref 0, if it is there
	ip -$FAM -force -batch /run/batch 2>/dev/null
}
# front NAME: the front end from now on, if any; the other one's rules go.
front() {
	[ -z "${FRONT-}" ] || printf '*raw\nCOMMIT\n*mangle\nCOMMIT\n*nat\nCOMMIT\n' | "$IPT-$FRONT-restore"
	FRONT=$1
}

# A shell that stays in the client's namespace sends for it.
predict_client() {
	mkfifo /run/orders /run/sent
	# shellcheck disable=SC2016 # the other shell's
	on client sh -c 'while read -r to; do echo x | socat -u - "$to"; echo; done' </run/orders >/run/sent 2>/dev/null &
	exec 8>/run/orders 9</run/sent
}

# predict_and_send ORIGIN OPTIONS: predicts, and sends the packet.
predict_and_send() {
	PORT=$((PORT + 1))
	# shellcheck disable=SC2086 # options
	_p=$(unhole-path -$FAM -j to $dst $2 ipproto udp dport $PORT ${snat:+snat $snat})
	_x=$?
	echo "$_p" >>/run/json
	_to="UDP$FAM-SENDTO:$(_host "$dst"):$PORT"
	case $1 in
	client)
		echo "$_to,bind=$(_host "$src")" >&8
		read -r _ <&9
		;;
	*) echo x | socat -u - "$_to${SOCKMARK:+,setsockopt-int=1:36:$((SOCKMARK))}" 2>/dev/null ;;
	esac
	echo "$PORT $_x $1/$enter_client/$enter_local/$clear/$rule/$FRONT/$by/$second/${snat:--}/$SYS $_p" >>/run/predicted
}

# What a set of port and device holds.
set_of() { nft list set inet seen "$1" | grep -o '[0-9]* \. "[^"]*"' | tr -d '."'; }

# All packets are out: where was each of them seen? Prints a line for each that
# went another way than predicted; /run/judged has them all.
predict_judge() {
	settled one
	settled two
	for _w in one two; do
		tcpdump -Z root -n -q -r /run/capture.$_w/pcap 'udp and dst portrange 10000-20000' 2>/dev/null |
			sed -n "s/.* IP6* \([0-9a-f:.]*\)\.[0-9]* > [^ ]*\.\([0-9]*\): .*/\2 $_w \1/p"
	done >/run/seen
	set_of ports | awk '{ print $1, "input/" $2 }' >>/run/seen
	set_of second | awk '{ print $1, $2 }' >/run/forwarded
	awk '
		function field(name,   s) {
			s = $0
			if (!sub(".*\"" name "\":\"", "", s)) return ""
			sub(/".*/, "", s)
			return s
		}
		FILENAME == "/run/forwarded" { forward[$1] = $2; next }
		FILENAME == "/run/seen" { where[$1] = where[$1] (where[$1] == "" ? "" : "+") $2 ($3 == "" ? "" : "/" $3); next }
		{
			verdict = field("verdict")
			want = ""; exit_want = 1
			if (verdict == "leaves") {
				s = $0; sub(/.*"egress":/, "", s)
				dev = s; sub(/.*"dev":"/, "", dev); sub(/".*/, "", dev)
				source = s; sub(/.*"source":"/, "", source); sub(/".*/, "", source)
				want = (dev == "up0" ? "one" : dev == "up1" ? "two" : dev) "/" source
				exit_want = 0
				# Of the hole that is lo, this is not said
				if (field("forward_iif") != "" && field("forward_iif") != forward[$1]) want = want "+" field("forward_iif")
			} else if (verdict == "local") want = "input/" (field("iif") == "" ? "lo" : field("iif"))
			else if (verdict != "dies") { want = "?"; exit_want = 3 }
			agree = (where[$1] == want && $2 == exit_want) ? "agrees" : "DIFFERS"
			print agree, verdict, field("reason"), $1, "exit=" $2, $3, "predicted=" want, "seen=" where[$1]
		}' /run/forwarded /run/seen /run/predicted >/run/judged
	grep DIFFERS /run/judged
}

# ears: behind predict_wires: a table "seen" in each namespace, with the source ports and the
# ICMP ids of what arrives there (packets.py). (A reset that the sender answers with is not what
# was sent, and conntrack may take it for invalid: then NAT leaves it as it is.)
ears() {
	for _ns in box client one two; do
		[ $_ns = box ] && _hook='input priority 2000' || _hook='prerouting priority -500'
		on $_ns nft -f - <<-EOT || must false
			table inet seen {
				set ports { typeof th sport; size 65535; flags dynamic; }
				set ids { typeof icmp id; size 65535; flags dynamic; }
				chain c {
					type filter hook $_hook
					tcp flags & (fin | syn | rst | ack) != syn return
					meta l4proto { tcp, udp, sctp } th sport 10000-60000 add @ports { th sport }
					icmp type echo-request icmp id >= 10000 add @ids { icmp id }
					icmpv6 type echo-request icmpv6 id >= 10000 add @ids { icmpv6 id }
				}
			}
		EOT
	done
	# They take what is sent to them
	must ip -n one link set eth0 address 02:00:00:00:00:01
	must ip -n two link set eth0 address 02:00:00:00:00:02
}
