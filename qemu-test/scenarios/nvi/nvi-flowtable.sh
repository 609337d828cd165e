# SPDX-License-Identifier: GPL-2.0-only
# nftables' flow table beside an nvi device, by recipes/flowtable.sh: what is established
# goes from NIC to NIC, translated as before, and crosses nvi0 no more; UDP and TCP, in both
# families. (flowtable is the same by lo, and has what else can be done.)
# patches: none
# claims: L10
# weight: 6
topology
OWN=192.0.2.9 OWN6=2001:db8:2::9
addresses box up0 $OWN/24,$OWN6/64
must sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
nvi nvi0
for f in -4 -6; do
	must ip $f rule add iif cl0 lookup 50
	must ip $f route add default dev nvi0 table 50
done
must nft -f - <<E
table inet nat {
	chain post {
		type nat hook postrouting priority srcnat
		oifname nvi0 snat ip to $OWN
		oifname nvi0 snat ip6 to $OWN6
	}
}
E
udp_echo peer $FAR 7
udp_echo peer $FAR6 7
capture wire peer eth0
# ask N TO: so many questions from one port; how many were answered.
ask() {
	_n=0
	for _i in $(seq "$1"); do
		_a=$(udp_ask client $2 7 "m$_i" bind=:4444)
		[ "$_a" != "m$_i" ] || _n=$((_n + 1))
	done
	echo $_n
}
direct() { nvi_stat nvi0 direct; }
for to in $FAR $FAR6; do
	was=$(direct)
	is "no flow table, $to: answered" "$(ask 3 $to)" 3
	is "no flow table, $to: each by nvi0" $(($(direct) - was)) 3
done
must conntrack -F 2>/dev/null
recipe flowtable CLIENT_IF=cl0 UPLINKS=up0
n=5000
for to in $FAR $FAR6; do
	was=$(direct)
	is "$to: answered" "$(ask 5 $to)" 5
	is "$to: the first by nvi0, and no other" $(($(direct) - was)) 1
	is "$to: offloaded" "$(conntrack -L -f ipv$(_fam $to) -p udp 2>/dev/null | grep -c OFFLOAD)" 1
	n=$((n + 1)) was=$(direct)
	check "$to: TCP, 2 MiB, byte for byte" tcp_copy client peer $to $n 2
	at_most "$to: nvi0 has seen its first and last packets" $(($(direct) - was)) 40
done
settled wire
is 'all have the translated source' "$(seen wire "udp and (src $OWN or src $OWN6)") $(seen wire "(udp or tcp) and (src net 198.51.100.0/24 or src net 2001:db8:1::/64)")" '16 0'
