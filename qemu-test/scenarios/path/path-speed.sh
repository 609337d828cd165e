# SPDX-License-Identifier: GPL-2.0-only
# unhole-path on large boxes: 40,000 rules of each front end, a cluster's 1,000 services,
# 100,000 routes. Any question takes less user time than to list what there is, side by
# side in one guest, and less than 64 MiB.
# patches: none
# weight: 100
# timeout: 900
topology
must sysctl -qw net.ipv4.ip_forward=1
ask="unhole-path to $FAR from $CLIENT iif cl0 ipproto tcp dport 443"

# costs WHAT LIST...: the question beside what lists the same
costs() {
	_what=$1
	shift
	python3 /unhole/cost.py 3 $ask -- "$@" >/run/cost
	{ read -r _mine; read -r _other; } </run/cost
	echo "# $_what: $_mine ms of user time; $*: $_other ms"
	at_least "$_what: there is something to be measured ($* in ms)" "$_other" 10
	at_most "$_what: of a hundred that it takes to list it" $((_mine * 100 / _other)) 100
	says "$_what: within 64 MiB" "$(prlimit --as=67108864 $ask)" 'leaves by'
}
# rules: a blocklist of 40,000, in chains of 1,000, the packet through each of them
rules() {
	awk 'BEGIN {
		print "*filter\n:FORWARD ACCEPT"
		for (c = 0; c < 40; c++) print ":c" c " -"
		for (c = 0; c < 40; c++) {
			print "-A FORWARD -j c" c
			for (i = 0; i < 1000; i++) print "-A c" c " -s 10." c "." int(i / 250) "." i % 250 " -p tcp -m tcp --dport 22 -j DROP"
		}
		print "COMMIT"
	}'
}
says 'before' "$($ask)" "leaves by up0"
rules | iptables-legacy-restore || must false
says 'iptables-legacy: it leaves' "$($ask)" "leaves by up0"
costs 'iptables-legacy, 40,000 rules' iptables-legacy-save
must iptables-legacy -F
must iptables-legacy -X
rules | iptables-nft-restore || must false
says 'iptables: it leaves' "$($ask)" "leaves by up0"
costs 'iptables, 40,000 rules' iptables-nft-save
must nft delete table ip filter

SERVICES=1000 python3 /unhole/boxes.py print kube-nft >/run/kube
must nft -f /run/kube
# Three jumps in each of 15 chains, each of which may be taken: each chain is walked once
awk 'BEGIN {
	print "table ip may {"
	for (i = 15; i > 0; i--) {
		print "chain c" i " {"
		for (j = 0; i < 15 && j < 3; j++) print "ip ttl 63 jump c" i + 1
		print "}"
	}
	print "chain b { type filter hook forward priority 0; ip ttl 63 jump c1; }\n}"
}' | nft -f - || must false
says 'jumps that may be taken' "$($ask)" 'leaves by up0'
must nft delete table ip may

must ip route add 198.18.0.0/24 via $PEER
ask="unhole-path to 10.96.0.7 from $CLIENT iif cl0 ipproto tcp dport 8000"
costs "kube-proxy, nftables, 1,000 services" nft list ruleset
must nft delete table ip kube-proxy

ask="unhole-path to $FAR from $CLIENT iif cl0 ipproto tcp dport 443"
awk 'BEGIN { for (i = 0; i < 100000; i++) print "route add 20." int(i / 65536) "." int(i / 256) % 256 "." i % 256 " via 192.0.2.2" }' >/run/batch
must ip -batch /run/batch
says 'it leaves' "$($ask)" "leaves by up0"
costs '100,000 routes' ip route show table all

# doctor looks at each rule, and behind each route into the hole, as far as that ends.
nvi nvi0
awk 'BEGIN {
	for (i = 0; i < 100; i++) print "rule add iif cl0 from 10.0." i ".0/24 lookup main"
	for (i = 0; i < 500; i++) print "route add 21." int(i / 256) "." i % 256 ".0/24 dev nvi0 table 50"
	print "rule add iif cl0 lookup 50\nrule add iif nvi0 lookup main"
}' >/run/batch
must ip -batch /run/batch
says 'doctor, with 500 routes into the hole, within 64 MiB' "$(prlimit --as=67108864 unhole-path doctor)" '468 not'
