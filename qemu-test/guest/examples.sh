# SPDX-License-Identifier: GPL-2.0-only
# The commands that README and the manual pages show, taken out of the files and run
# one by one. Sourced after lib.sh.
#
# In a manual page an example is what stands between .EX and .EE, behind a line
# '.\" example: NAME'. Every one of them must be run: examples_done.
# shellcheck shell=sh

RAN=/run/examples-ran
: >$RAN

# man_examples PAGE: "NAME command" lines; what has no name is called "-".
man_examples() {
	awk '
		/^\.\\" example: / { name = $3; next }
		/^\.EX/ || /^\.nf/ { on = 1; next }
		/^\.EE/ || /^\.fi/ { on = 0; name = ""; next }
		on {
			gsub(/\\-/, "-"); gsub(/\\\(aq/, "\047"); gsub(/\\e/, "\\")
			print (name == "" ? "-" : name) " " $0
		}' "$1"
}

# example PAGE NAME [GLOB]: runs it, each of its commands; what they say is in
# /run/said. They end with 0; one that GLOB matches ends with 1.
example() {
	echo "$2" >>$RAN
	man_examples "/unhole/$1" | sed -n "s/^$2 //p" >/run/example
	at_least "$2: there are commands" "$(wc -l </run/example)" 1
	: >/run/said
	while read -r _line <&4; do
		# shellcheck disable=SC2254 # a glob
		case $_line in ${3:--}) _want=1 ;; *) _want=0 ;; esac
		_rc=0
		eval "$_line" >>/run/said 2>&1 4<&- || _rc=$?
		if [ $_rc = $_want ]; then
			ok "$2: $_line"
		else
			not_ok "$2: $_line: ended with $_rc: $(tail -n 1 /run/said)"
		fi
	done 4</run/example
}

# examples_done PAGE: none was left out.
examples_done() {
	man_examples "/unhole/$1" | cut -d' ' -f1 | sort -u >/run/there
	at_least "$1 has examples" "$(wc -l </run/there)" 4
	is "$1: examples that nobody runs" "$(sort -u $RAN | comm -13 - /run/there | tr '\n' ' ')" ''
}

# readme_commands FILE: "KIND command" lines, KIND being "line" for those of a block that
# is not a tour (which others run), and "inline" for what stands
# between backquotes, is longer than a name, and has no "..." for what is left out.
readme_commands() {
	awk '
		/^<!-- (tour|isps.*) -->$/ { others = 1; next }
		/^```/ { block = !block; if (!block) others = 0; next }
		block { if (!others) print "line " $0; next }
		/^    [^ ]/ { sub(/^ +/, ""); sub(/  +# .*/, ""); print "line " $0; next }
		{ text = text " " $0 }
		END {
			gsub(/ +/, " ", text)
			n = split(text, code, "`")
			for (i = 2; i <= n; i += 2)
				if (code[i] ~ /^(ip|iptables|ip6tables|nft|sysctl|lnstat|nstat|modprobe|ethtool|conntrack|unhole-path) / &&
				    code[i] !~ /\.\.\./)
					print "inline " code[i]
		}' "$1"
}

# tour_typed RECIPE DOCUMENT: types the recipe, line by line. /run/typed is what it says,
# /run/shown what the console blocks behind "<!-- tour -->" show, which are one session;
# blocks_shown NAME DOCUMENT: those of another NAME. Both without times, identifiers, blanks at the end of a line, and what versions of
# iptables print in other words.
_same() {
	sed -E 's/time=[0-9.]+ ms/time=N ms/; s/id=[0-9]+/id=N/g; s/^icmp +1 [0-9]+/icmp 1 N/; s/ +$//
		s/policy ACCEPT [0-9]+ packets, [0-9]+ bytes/policy ACCEPT N packets, N bytes/; s/ 0    -- / all  -- /'
}
tour_typed() {
	cd /unhole || must false
	grep -v '^#' "recipes/$1.sh" | grep . | sh transcript >"$RESULTS/$1.transcript"
	_same <"$RESULTS/$1.transcript" >/run/typed
	blocks_shown tour "$2"
}
blocks_shown() {
	awk -v head="<!-- $1 -->" '$0 == head { t = 1 } /^```$/ { t = on = 0 } on; t && /^```(console|sh)$/ { on = 1 }' "$2" | _same >/run/shown
}

# clean: as the box was before an example.
clean() {
	for _ipt in iptables ip6tables; do
		for _t in raw mangle nat filter; do $_ipt -t $_t -F; done
	done
	for _f in -4 -6; do
		ip $_f rule flush
		ip $_f rule add lookup main pref 32766
		[ $_f = -6 ] || ip rule add lookup default pref 32767
		for _t in 50 51 101; do ip $_f route flush table $_t 2>/dev/null; done
	done
	# "flush" leaves pref 0, table local.
	ip -6 nexthop flush >/dev/null 2>&1
	[ ! -e /sys/class/net/nvi0 ] || ip link del nvi0
	nft flush ruleset
	rm -rf /run/unhole
	conntrack -F 2>/dev/null
	sysctl -qw net.ipv4.ip_forward=0 net.ipv6.conf.all.forwarding=0 net.ipv4.conf.lo.accept_local=0
}

# asked: how many echo requests to FAR the peer has seen from this source.
asked() { settled wire; seen wire "$1 and src $2"; }
