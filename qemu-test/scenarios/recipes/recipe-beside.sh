# SPDX-License-Identifier: GPL-2.0-only
# Recipes beside rules that were there first, in the shape that their programs write them:
# Docker, kube-proxy (iptables and nftables), libvirt (both), fw4, Tailscale, mwan3, and
# somebody's own table. The clients get out by the uplinks of their translated sources; what
# the other rules forward, translate, mark and forbid, they still do; doctor finds no fault;
# undo leaves all as it was, though a table was loaded anew. Then marks: bits that others
# have are refused, with cause and cure, and nothing is changed; other bits work. (Programs
# that Debian has: make test T=coexist.)
# patches: none
# weight: 150
# timeout: 600
via nvi0
#   client 198.51.100.2, .3 --- cl0 [box] up0 --- 192.0.2.2   [net] 203.0.113.7
#            pod 198.18.0.2 --- up1       up2 --- 192.0.2.130
host client net pod
wire box cl0 198.51.100.1/24 client eth0 198.51.100.2/24,198.51.100.3/24
wire box up0 192.0.2.1/25 net eth0 192.0.2.2/25
wire box up2 192.0.2.129/25 net eth2 192.0.2.130/25
wire box up1 198.18.0.1/24 pod eth0 198.18.0.2/24,198.18.0.3/24
must ip -n client route add default via 198.51.100.1
must ip -n pod route add default via 198.18.0.1
must ip route add default via 192.0.2.2
must batch net "addr add $FAR/32 dev lo" 'route add 203.0.113.17 via 192.0.2.1' 'route add 203.0.113.33 via 192.0.2.129' \
	'route add 198.51.100.0/24 via 192.0.2.1' 'route add 198.18.0.0/24 via 192.0.2.1'
must sysctl -qw net.ipv4.ip_forward=1
capture one net eth0
capture two net eth2
for l in net:443 pod:80 client:22 box:22; do
	on ${l%:*} socat TCP4-LISTEN:${l#*:},fork,reuseaddr OPEN:/dev/null &
	wait_for 10 _listens ${l%:*} t ${l#*:} || must false
done
connects() { # NS ADDRESS PORT [SOURCE:PORT]
	on $1 socat -u OPEN:/dev/null "TCP4:$2:$3,connect-timeout=${LIMIT:-5}${4:+,bind=$4}"
}
refused() { # WHAT, AND AS ABOVE
	_said=$1 LIMIT=1
	shift
	refute "$_said" connects "$@"
	LIMIT=
}
theirs() { # FILE
	{
		ip rule
		ip route show table all
		iptables-save
		nft -s list ruleset
	} 2>/dev/null | sed 's/\[[0-9]*:[0-9]*\]//; s/counter packets.*bytes [0-9]*/counter/; /^[:#*]/d; /COMMIT/d
		/^\t*chain .* {$/d; /^\t*}/d; /^}/d; /^\t\ttype .* hook /d; /^table ip \(raw\|mangle\|nat\|filter\) {$/d; /^$/d' | sort >"/run/$1"
}
same() { # WHAT
	theirs after
	if cmp -s /run/before /run/after; then ok "$1"; else
		not_ok "$1: $(diff /run/before /run/after | grep '^[<>]' | head -n 6 | tr '\n' ';')"
	fi
}
export SERVICES=3 GW1=192.0.2.2 GW2=192.0.2.130 GW3=
uplinks() { # [WORD|VARIABLE=VALUE...]
	env "$@" sh /unhole/recipes/uplinks.sh >/run/said 2>&1
	_status=$?
	cat /run/said
	return $_status
}
# both WHAT: two clients, two uplinks, by TCP. (What a capture has of it is looked at last.)
both() {
	port=$((port + 1))
	check "$1: client 1" connects client $FAR 443 198.51.100.2:$port
	check "$1: client 2" connects client $FAR 443 198.51.100.3:$port
	sent="$sent one:203.0.113.17:$port two:203.0.113.33:$port"
}
sent='' port=2000

# What each does, and what it forbids.
docker() {
	check "$1: a published port" connects net 192.0.2.1 8080
	refused "$1: another container is not reached" net 198.18.0.3 80
	refused "$1: nor is a client" net 198.51.100.2 22
	check "$1: the container gets out" connects pod $FAR 443
}
kube_iptables() {
	check "$1: a service, for a client" connects client 10.96.0.2 8000
	check "$1: ... for the box" connects box 10.96.0.2 8000
	check "$1: a node's port" connects net 192.0.2.1 30080
}
kube_nft() {
	kube_iptables "$1"
	refused "$1: a service that is not" client 10.96.0.3 8001
}
libvirt() {
	check "$1: a guest gets out" connects pod $FAR 443
	refused "$1: nobody gets in" net 198.18.0.2 80
}
libvirt_nft() { libvirt "$1"; }
fw4() {
	check "$1: a port that is forwarded" connects net 192.0.2.1 8080
	refused "$1: a client is not reached" net 198.51.100.2 22
}
tailscale() {
	check "$1: the network's own" connects pod $FAR 443
	refused "$1: a client is not reached" net 198.51.100.2 22
}
mwan3() { check "$1: the box itself" connects box $FAR 443; }
own() {
	refused "$1: a client is not reached" net 198.51.100.2 22
	refused "$1: nor a service that is forbidden" client 198.18.0.2 80
}
LIBVIRT_NFT='table ip libvirt_network {
	chain forward { type filter hook forward priority filter; policy accept; counter jump guest_cross; counter jump guest_input; counter jump guest_output; }
	chain guest_output { ip saddr 198.18.0.0/24 iif "up1" counter accept; iif "up1" counter reject; }
	chain guest_input { oif "up1" ip daddr 198.18.0.0/24 ct state established,related counter accept; oif "up1" counter reject; }
	chain guest_cross { iif "up1" oif "up1" counter accept; }
	chain guest_nat {
		type nat hook postrouting priority srcnat; policy accept
		ip saddr 198.18.0.0/24 ip daddr 224.0.0.0/24 counter return
		meta l4proto tcp ip saddr 198.18.0.0/24 ip daddr != 198.18.0.0/24 counter masquerade to :1024-65535
		ip saddr 198.18.0.0/24 ip daddr != 198.18.0.0/24 counter masquerade
	}
}'
OWN='table inet own {
	chain refuse { reject; }
	chain forward {
		type filter hook forward priority filter; policy accept
		ct state established,related accept
		iifname "cl0" tcp dport 443 oifname { "up0", "up2" } accept
		counter jump refuse
	}
	chain other { type filter hook forward priority filter + 5; policy accept; tcp dport 25 drop; tcp dport 26 drop; }
}'
# What the box's owner lets pass, where the program drops by itself.
lan='-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -i cl0 -o up0 -j ACCEPT
-A FORWARD -i cl0 -o up2 -j ACCEPT'
load() { # NAME
	case $1 in
	libvirt_nft) echo "$LIBVIRT_NFT" | nft -f - ;;
	own) echo "$OWN" | nft -f - ;;
	kube_nft) python3 /unhole/boxes.py print "$2" | nft -f - ;;
	fw4) { python3 /unhole/boxes.py print fw4; echo 'add rule inet fw4 accept_to_wan oifname up2 accept'; } | nft -f - ;;
	docker | tailscale) { python3 /unhole/boxes.py print "$2"; printf '*filter\n%s\nCOMMIT\n' "$lan"; } | iptables-restore --noflush ;;
	*) python3 /unhole/boxes.py print "$2" | iptables-restore ;;
	esac
}
boxes=0
for box in docker kube_iptables kube_nft libvirt libvirt_nft fw4 tailscale mwan3 own; do
	name=$(echo $box | tr _ -) table=$box
	case $box in
	tailscale) must batch box 'rule add fwmark 0x80000/0xff0000 lookup main pref 5210' 'rule add lookup 52 pref 5270' \
		'route add 100.100.0.0/16 via 198.18.0.2 dev up1 table 52' ;;
	mwan3)
		printf 'create connected hash:net\nadd connected 198.51.100.0/24\nadd connected 198.18.0.0/24\n' | ipset restore
		must batch box 'rule add fwmark 0x100/0x3f00 lookup 1 pref 2001' 'rule add fwmark 0x200/0x3f00 lookup 2 pref 2002' \
			'route add default via 192.0.2.2 dev up0 table 1' 'route add default via 192.0.2.130 dev up2 table 2' \
			'route add 198.51.100.0/24 dev cl0 table 1' 'route add 198.51.100.0/24 dev cl0 table 2' ;;
	esac
	# (A patched kernel has fewer of netfilter's modules here.)
	if load $box $name; then
		boxes=$((boxes + 1))
		theirs before
		check "$name: uplinks.sh" uplinks
		both "$name"
		$box "$name"
		check "$name: doctor is quiet" unhole-path doctor
		case $box in fw4 | own)
			# As its service would when it reloads
			must nft delete table inet $table
			load $box $name
			refused "$name, loaded anew: it forbids the way in" client $FAR 443 198.51.100.2
			says "$name, loaded anew: unhole-path says so" \
				"$(unhole-path to $FAR from 198.51.100.2 iif cl0 ipproto tcp sport 1 dport 443)" "$table"
			if [ $box = fw4 ]; then
				# What it would put in front of the chain
				line=$(sed -n "s/^ *echo '\\(.*\\)' >.*/\\1/p" /run/said)
				check "$name: the line that is to be typed: $line" nft "insert rule inet fw4 forward $line"
			else
				check "$name, loaded anew: the recipe again" uplinks
			fi
			both "$name, loaded anew"
			must nft delete table inet $table
			load $box $name
			;;
		esac
		check "$name: undo" sh /unhole/recipes/uplinks.sh undo
		same "$name: all is as it was"
	fi
	nft flush ruleset
	batch box 'rule del pref 5210' 'rule del pref 5270' 'rule del pref 2001' 'rule del pref 2002' 'route flush table 52' >/dev/null 2>&1
done
# (What was refused, was by their rules.)
for d in 198.51.100.2:22 198.18.0.2:80 198.18.0.3:80; do
	check "without any rules: $d" connects net ${d%:*} ${d#*:}
done
at_least 'boxes' $boxes $([ $PATCHED = 1 ] && echo 4 || echo 9)

# stops WHAT CAUSE CURE: the recipe does, before it changes anything.
stops() {
	theirs before
	refute "$1: refused" uplinks
	says "$1: cause and cure" "$(cat /run/said)" "error: $2" "cure: $3"
	same "$1: nothing is changed"
}
# wg-quick has put its rules in front of ours.
must ip rule add not fwmark 51820 table 51820 pref 299
stops 'a rule that takes all' "the rule '299: not from all fwmark 0xca6c lookup 51820' takes all packets" PREF=149
check 'its preference' uplinks PREF=149
both 'another preference'
check 'another preference: undo' sh /unhole/recipes/uplinks.sh undo
must ip rule del pref 299
# Others have our bits: by a rule, by a mask of iptables', by one of nftables'.
marks() { stops "$1" "the mark's bits 0x00000010 are in use here: a rule has 0x" MARK=MASK; }
must ip rule add fwmark 0x10/0xff lookup 99 pref 50
marks 'a rule with 0x10/0xff'
must ip rule del pref 50
must iptables -t mangle -A PREROUTING -i cl0 -j MARK --set-xmark 0x2/0xff
marks 'iptables with 0x2/0xff'
check 'another bit' uplinks MARK=0x10000
both 'another bit'
check 'another bit: undo' sh /unhole/recipes/uplinks.sh undo
same 'another bit: all is as it was'
must iptables -t mangle -F
nft -f - <<-END
	table inet own {
		chain c { type filter hook prerouting priority -140; iifname "cl0" meta mark set meta mark & 0xffffff00 | 0x2; }
	}
END
marks 'nft with 0x2 of 0xff'
must nft delete table inet own
# Who sets a whole mark, and not ours, does not take our bits away.
must iptables -t mangle -A PREROUTING -i cl0 -j MARK --set-mark 0x5
check 'whole marks: uplinks.sh' uplinks
both 'whole marks'
check 'whole marks: undo' sh /unhole/recipes/uplinks.sh undo
must iptables -t mangle -F
# Two of ours with different bits do not mind each other.
check 'hole-from.sh with another bit' env DEV=up1 MARK=0x20000 TABLE=70 PREF=500 sh /unhole/recipes/hole-from.sh
check 'uplinks.sh beside it' uplinks
both 'beside another recipe'

settled one
settled two
syns() { # CAPTURE
	tcpdump -Z root -n -r /run/capture.$1/pcap "tcp[13] == 2 and dst $FAR" 2>/dev/null |
		awk -v c=$1 '{ n = split($3, a, "."); print c ":" a[1] "." a[2] "." a[3] "." a[4] ":" a[5] }' | sort -u
}
is 'all of them left by the uplink of their source, and nothing with a private one' \
	"$({ syns one; syns two; } | grep -v ':192\.0\.2\.' | sort | tr '\n' ' ')" "$(echo $sent | tr ' ' '\n' | sort | tr '\n' ' ')"
