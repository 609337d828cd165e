# SPDX-License-Identifier: GPL-2.0-only
# DNAT to a host behind the same wired port, by nvi and by UNHOLE: br_netfilter's
# lookup after DNAT finds the hole and not the bridge, so the frame is routed, twice,
# and leaves with the bridge's MAC. No hairpin, no ebtables, no redirects, and any
# reverse path filter on the bridge. Each packet crosses PREROUTING once on br0.
# claims: B7 L10
# weight: 14
. /unhole/bridge.sh
. /unhole/bridge-fdb.sh
switch_topology
stock_sysctls
must sysctl -qw net.ipv4.ip_forward=0
[ $PATCHED = 1 ] || must sysctl -qw net.ipv4.conf.lo.forwarding=1
remember_box
know_each_other client $OUTSIDE $SERVER $BOX
know_each_other server $BOX
know_each_other outside $BOX
capture client client eth0 96
capture server server eth0 96
# What PREROUTING and FORWARD count of TCP, by device.
counters() {
	must iptables -t mangle -F
	for d in br0 p1 lo nvi0; do
		must iptables -t mangle -A PREROUTING -i $d -p tcp -m comment --comment "pre-$d"
	done
	for d in br0 lo; do
		for o in br0 lo nvi0; do must iptables -t mangle -A FORWARD -i $d -o $o -p tcp -m comment --comment "forward-$d-$o"; done
	done
}
alone() { must conntrack -F; W=0.5 who client $OUTSIDE 80; }
to="tcp and src $CLIENT and dst $OUTSIDE" got="tcp and src $BOX and dst $SERVER and tcp[13] & 4 == 0"
from="tcp and src $SERVER and dst $BOX" back="tcp and src $OUTSIDE and dst $CLIENT"
sums() { settled client; settled server; echo "$(seen client "$to") $(seen server "$got") $(seen server "$from") $(seen client "$back")"; }
head -c 150000 /dev/urandom >/run/data
try() { # WAY
	recipe bridge-hole WAY=$1
	# The figures of the guide's table.
	rules=2
	[ $1 = nvi ] || rules=3
	is "$1: it takes rules of iptables" "$(iptables-save | grep -c '^-A')" $rules
	is "$1: policy rules, and routes" "$(ip rule | grep -c 'lookup 50') $(ip route show table 50 | grep -c .)" '2 1'
	must on sw sysctl -qw net.bridge.bridge-nf-call-iptables=0
	must conntrack -F
	fdb_watch $1 sw s1
	counters
	redirects=$(mib IcmpOutRedirects)
	before=$(sums)
	check "$1: TCP, byte for byte" tcp_copy client server $OUTSIDE 80 - $SERVER
	conntrack -L -p tcp >/run/entries 2>/dev/null
	fdb_settled $1
	set -- "$1" $before $(sums)
	to_n=$(($6 - $2)) got_n=$(($7 - $3)) from_n=$(($8 - $4)) back_n=$(($9 - $5)) n=$(($6 - $2 + $8 - $4))
	at_least "$1: packets" "$to_n" 100
	says "$1: one entry, translated twice" "$(cat /run/entries)" "src=$CLIENT dst=$OUTSIDE" "src=$SERVER dst=$BOX" ASSURED
	is "$1: and no other" "$(grep -c . /run/entries)" 1
	is "$1: none is lost or doubled, there and back" "$got_n $back_n" "$to_n $from_n"
	is "$1: all with the MAC of the bridge" "$(seen server "$got and not ether src $MAC_BR") $(seen client "$back and not ether src $MAC_BR")" '0 0'
	is "$1: two lookups, two less of TTL" "$(ttls server "$got") $(ttls client "$back")" '62 62'
	is "$1: the switch learns neither the client nor the server at the box's port" \
		$(($(fdb_moves $1 $MAC_CLIENT s0) + $(fdb_moves $1 $MAC_SERVER s0))) 0
	is "$1: no hairpin, no ebtables" "$(cat /sys/class/net/p1/brport/hairpin_mode) $($EBT -t nat -L | grep -c snat)" '0 0'
	is "$1: nobody is told to send elsewhere" "$(($(mib IcmpOutRedirects) - redirects))" 0
	case $1 in
	nvi)
		is 'nvi: PREROUTING once, FORWARD by br0 both times' "$(counted | xargs)" "pre-br0 $n forward-br0-br0 $n forward-br0-nvi0 $n"
		is 'nvi: all in its transmit function' "$(nvi_stat nvi0 direct)" $n
		;;
	unhole)
		is 'unhole: PREROUTING once for each device' "$(counted | xargs)" "pre-br0 $n pre-lo $n forward-br0-lo $n forward-lo-br0 $n"
		is 'unhole: all unholed' "$(stat_unhole unholed)" $n
		;;
	esac
}

for way in nvi unhole; do
	try $way
	in-ns server socat TCP4-LISTEN:80,fork,reuseaddr SYSTEM:'echo server' &
	pid=$!
	wait_for 10 _listens server t 80 || must false
	# The filter that broute's packets do not survive. Behind nvi nobody asks it; behind
	# lo the patches do not, and a stock kernel does.
	must sysctl -qw net.ipv4.conf.all.rp_filter=1
	want=server
	[ $way = nvi ] || [ $PATCHED = 1 ] || want=-
	is "$way: a strict reverse path filter everywhere" "$(alone)" $want
	must sysctl -qw net.ipv4.conf.all.rp_filter=0
	# Without the way out of the bridge there is what B7 is about.
	way_of="to $SERVER"
	[ $way = nvi ] || way_of="from $SERVER"
	must ip rule add iif br0 $way_of lookup main pref 1000
	is "$way: what goes $way_of finds the bridge: no answer" "$(alone)" -
	must ip rule del pref 1000
	kill $pid
	must iptables -t mangle -F
	recipe_down bridge-hole
	if [ $way = nvi ]; then
		recipe bridge-hole ASKED=$BOX SERVER=$OUTSIDE
		says_who outside 80 outside
		must conntrack -F
		is 'nvi: a server behind another port, by the same rules' "$(who client $BOX 80)" outside
		recipe_down bridge-hole
	fi
	as_before "$way: down: all as it was before"
done
