# SPDX-License-Identifier: GPL-2.0-only
# unhole-path, verdicts that are easily wrong: rules that may drop, states of
# conntrack, verdict maps, marks of all kinds of chains, what only root may see.
# Each verdict is put beside what a packet does; where it is "unknown", there are
# packets of both fates.
# weight: 40
topology
stock_sysctls
must sysctl -qw net.ipv4.ip_forward=1
capture one peer eth0
PORT=4000
: >/run/sent

# goes WHAT WANT SEEN [ARGUMENTS]: the verdict's reason and the exit status are WANT;
# and SEEN datagrams reach the peer. FROM is who sends, SOCKET what else socat is told.
# The wire is read once, by judged.
FROM=box SOCKET=''
goes() {
	PORT=$((PORT + 1))
	_what=$1 _want=$2 _seen=$3
	shift 3
	_j=$(unhole-path -j to $FAR ipproto udp dport $PORT "$@")
	_x=$?
	echo "$_j" >>/run/json
	is "$_what" "$(echo "$_j" | sed 's/.*"reason":"\([^"]*\)".*/\1/') $_x" "$_want"
	echo x | on $FROM socat -u - "UDP4-SENDTO:$FAR:$PORT$SOCKET" 2>/dev/null
	echo "$PORT $_seen $_what" >>/run/sent
}
low() { SOCKET=,ttl=3; "$@"; SOCKET=''; }
judged() {
	settled one
	show one "udp and dst net 203.0.113.0/24" | sed -n 's/.* > [0-9.]*\.\(4[0-9]*\): .*/\1/p' >/run/arrived
	while read -r _port _seen _what; do
		is "$_what: on the wire" "$(grep -c "^$_port$" /run/arrived)" "$_seen"
	done </run/sent
	: >/run/sent
}
reason() { unhole-path -j "$@" | sed 's/.*"reason":"\([^"]*\)".*/\1/'; }
user() { setpriv --reuid 65534 --clear-groups --bounding-set=-all --inh-caps=-all "$@"; }
rules() { must iptables "$@"; }

# As recipe hole-local, but the mark has bits of its own
must ip route add default dev lo table 50
must ip rule add fwmark 0x50/0xf0 lookup 50 pref 101
rules -t mangle -A OUTPUT -d $FAR -j MARK --set-xmark 0x50/0xf0
rules -t mangle -A PREROUTING -i lo -j MARK --set-xmark 0/0xf0
unhole
goes 'nothing in the way' 'unholed 0' 1

echo '# a DROP that may match'
rules -t raw -I PREROUTING -i lo -m ttl --ttl-gt 5 -j DROP
goes 'a match that is not evaluated' 'rule-unknown 3' 0
low goes 'a match that is not evaluated, and is not met' 'rule-unknown 3' 1
says 'it names the rule' "$(unhole-path to $FAR)" 'unknown: whether it is dropped (raw PREROUTING, rule 1'
rules -t raw -D PREROUTING 1
rules -t raw -N maybe
rules -t raw -A maybe -p tcp -j RETURN
rules -t raw -I PREROUTING -i lo -m ttl --ttl-gt 5 -j maybe
goes 'a chain that it may come to, and comes back from' 'unholed 0' 1
rules -t raw -D PREROUTING 1
must iptables-legacy -t mangle -N maybe
must iptables-legacy -t mangle -A PREROUTING -i lo -m ttl --ttl-gt 5 -j maybe
must iptables-legacy -t mangle -A PREROUTING -i lo -p udp -j DROP
goes 'the same, iptables-legacy, and a DROP behind it' 'rule-drop 1' 0
says 'it counts by chain' "$(unhole-path to $FAR ipproto udp)" 'legacy mangle PREROUTING, rule 2'
must iptables-legacy -t mangle -F PREROUTING
must iptables-legacy -t mangle -A maybe -j ACCEPT
must iptables-legacy -t mangle -A PREROUTING -i lo -j maybe
must iptables-legacy -t mangle -A PREROUTING -i lo -p udp -j DROP
goes 'a chain that all come to, and none comes back from' 'unholed 0' 1
must iptables-legacy -t mangle -F
must iptables-legacy -t mangle -A maybe -p udp ! --dport $((PORT + 1)) -j DROP
must iptables-legacy -t mangle -A PREROUTING -i lo -j maybe
goes 'a port that it is not' 'unholed 0' 1
goes 'a port that it is' 'rule-drop 1' 0
must iptables-legacy -t mangle -F
must iptables-legacy -t mangle -N beyond
must iptables-legacy -t mangle -A maybe -p udp -g beyond
must iptables-legacy -t mangle -A maybe -j DROP
must iptables-legacy -t mangle -A PREROUTING -i lo -j maybe
goes 'goto: a chain comes back to where the one before it was called' 'unholed 0' 1
must iptables-legacy -t mangle -F

echo '# usual firewalls: what conntrack knows'
rules -t mangle -A PREROUTING -m conntrack --ctstate INVALID -j DROP
rules -t mangle -A PREROUTING -m state --state ESTABLISHED,RELATED -j DROP
rules -t mangle -A PREROUTING -p tcp ! --syn -m conntrack --ctstate NEW -j DROP
must nft add table ip t
must nft add chain ip t pre '{ type filter hook prerouting priority -140; }'
must nft add rule ip t pre ct state invalid,untracked drop
goes 'none of them meets it' 'unholed 0' 1
is 'nor a SYN' "$(unhole-path to $FAR ipproto tcp dport 80 | sed 's/ .*//;q')" leaves
must nft add rule ip t pre ct state new drop
goes 'ct state new' 'rule-drop 1' 0
must nft add table ip t '{ flags dormant; }'
goes 'a table that is dormant' 'unholed 0' 1
must nft add table ip t
must nft flush chain ip t pre
rules -t mangle -A PREROUTING -i lo -m conntrack --ctstate NEW -j DROP
goes '--ctstate NEW' 'rule-drop 1' 0
rules -t mangle -D PREROUTING 5
rules -t mangle -A PREROUTING -i lo -m conntrack ! --ctstate NEW,ESTABLISHED -j DROP
goes '! --ctstate' 'unholed 0' 1
rules -t raw -A OUTPUT -m conntrack --ctstate NEW -j DROP
goes 'raw of the first pass: it has no connection yet' 'unholed 0' 1
rules -t raw -F OUTPUT
rules -t raw -A PREROUTING -i lo -m conntrack --ctstate NEW -j DROP
goes 'raw of the second: it has' 'rule-drop 1' 0
rules -t raw -F PREROUTING
unhole --notrack
rules -t mangle -D PREROUTING 5
rules -t mangle -A PREROUTING -i lo -m conntrack --ctstate NEW -j DROP
goes 'untracked' 'unholed 0' 1
rules -t raw -A PREROUTING -i lo -m conntrack --ctstate UNTRACKED -j DROP
goes 'untracked, and dropped for that' 'rule-drop 1' 0
rules -t raw -F PREROUTING
unhole --reset-ct
goes 'reset: NEW again' 'rule-drop 1' 0
rules -t mangle -D PREROUTING 5
rules -t raw -A PREROUTING -i lo -m conntrack --ctstate NEW -j DROP
goes 'reset: in raw not yet' 'unholed 0' 1
rules -t raw -F PREROUTING
unhole

echo '# held, and delivered; or not'
rules -t raw -F
goes 'no rule' 'no-rule 1' 0
rules -A INPUT -i lo -p udp -j DROP
says 'INPUT drops what is delivered' "$(unhole-path to $FAR ipproto udp)" 'dies: dropped by filter INPUT, rule 1'
rules -F INPUT
unhole

echo '# nftables: verdict maps, reject'
must nft add rule ip t pre iifname vmap '{ "lo" : drop, "cl0" : accept }'
goes 'a verdict map' 'rule-drop 1' 0
must nft flush chain ip t pre
must nft add rule ip t pre iifname vmap '{ "lo" : accept, "cl0" : drop }'
goes 'another' 'unholed 0' 1
must nft flush chain ip t pre
must nft add chain ip t one '{ type filter hook prerouting priority -130; }'
must nft add chain ip t two '{ type filter hook prerouting priority -130; }'
must nft add rule ip t one iifname lo meta mark set meta mark or 0x700
must nft add rule ip t two meta mark and 0x700 == 0x700 drop
goes 'one priority: the chain that was made last comes first' 'unholed 0' 1
must nft flush chain ip t one
must nft flush chain ip t two
must nft add rule ip t two iifname lo meta mark set meta mark or 0x700
must nft add rule ip t one meta mark and 0x700 == 0x700 drop
goes 'the other way round' 'rule-drop 1' 0
must nft flush chain ip t one
must nft add rule ip t pre udp dport "$((PORT + 1))" reject
goes 'reject' 'rule-drop 1' 0
must nft flush chain ip t pre
# The other kernels' guests have no queues
if [ $PATCHED = 0 ]; then
	must nft add rule ip t pre queue num 7
	goes 'queue, and nobody listens' 'rule-unknown 3' 0
	must nft flush chain ip t pre
	must nft add rule ip t pre queue num 7 bypass
	goes 'queue, or pass' 'rule-unknown 3' 1
	must nft flush chain ip t pre

	echo '# NAT by a map of chance; sockets'
	must ip route add 203.0.113.0/24 via $PEER
	must nft add chain ip t nat '{ type nat hook output priority -100; }'
	dnats() { must nft add rule ip t nat ip daddr 203.0.113.50 "dnat to $1"; says "$2" "$(unhole-path to 203.0.113.50 ipproto udp dport 4999)" "$3" "$4"; }
	_from=3000
	# Six new connections
	chance() {
		for _i in 1 2 3 4 5 6; do
			_from=$((_from + 1))
			echo x | socat -u - "UDP4-SENDTO:203.0.113.50:4999,sourceport=$_from" 2>/dev/null
		done
		settled one
		must nft flush chain ip t nat
	}
	dnats 'numgen inc mod 2 map { 0 : 203.0.113.8, 1 : 203.0.113.9 }' 'each of two leaves' 'leaves by up0' 'NAT has 2 outcomes'
	chance
	is 'and each does' "$(seen one 'dst 203.0.113.8 and udp port 4999') $(seen one 'dst 203.0.113.9 and udp port 4999')" '3 3'
	dnats 'jhash udp sport mod 2 map { 0 : 203.0.113.10 . 4998, 1 : 203.0.113.11 . 4998 }' 'a hash, and ports' 'leaves by up0' 'NAT has 2 outcomes'
	chance
	is 'all six leave' "$(seen one '(dst 203.0.113.10 or dst 203.0.113.11) and udp port 4998')" 6
	dnats "numgen inc mod 2 map { 0 : 203.0.113.12, 1 : $BOX }" 'one of two stays' 'unknown: NAT has 2 outcomes' 'do not end alike'
	chance
	is 'and so it is' "$(seen one 'dst 203.0.113.12 and udp port 4999')" 3
	dnats 'numgen inc mod 3 map { 0 : 203.0.113.13, 1 : 203.0.113.14 }' 'no element for one of three' 'unknown' 'NAT'
	chance
	must ip route del 203.0.113.0/24
	must nft delete chain ip t nat
	FROM=client
	rules -t mangle -A PREROUTING -i cl0 -m socket -j DROP
	goes 'there is no such socket' 'no-hole 0' 1 from $CLIENT iif cl0
	socat -u UDP4-RECV:$((PORT + 1)) /dev/null &
	_one=$!
	socat -u UDP4-RECV:$((PORT + 2)) /dev/null &
	_other=$!
	for _p in 1 2; do check 'it listens' wait_for 5 grep -q "$(printf ':%04X ' $((PORT + _p)))" /proc/net/udp; done
	goes 'one for all addresses does not count' 'no-hole 0' 1 from $CLIENT iif cl0
	rules -t mangle -D PREROUTING -i cl0 -m socket -j DROP
	rules -t mangle -A PREROUTING -i cl0 -m socket --nowildcard -j DROP
	goes 'but with --nowildcard' 'rule-unknown 3' 0 from $CLIENT iif cl0
	kill $_one $_other
	rules -t mangle -D PREROUTING -i cl0 -m socket --nowildcard -j DROP
	FROM=box
fi
must nft add rule ip t pre udp sport '&' 1 == 1 drop
SOCKET=,sourceport=5002
goes 'a bit of a port that nobody has told, and that is not set' 'rule-unknown 3' 1
SOCKET=,sourceport=5003
goes 'and that is' 'rule-unknown 3' 0
SOCKET=''
must nft flush chain ip t pre
must ip rule add fwmark 0x7/0xf pref 5 blackhole
must nft add chain ip t marks
must nft add rule ip t marks meta mark set 7
must nft add chain ip t post '{ type filter hook postrouting priority 0; }'
must nft add rule ip t post oifname vmap '{ "lo" : jump marks }'
goes 'a map that leads to a mark' 'error-rule 1' 0
must nft flush chain ip t post
must nft add rule ip t post oifname vmap '{ "cl0" : jump marks }'
goes 'a map that does not' 'unholed 0' 1
must nft flush chain ip t post

echo '# marks of other chains'
must nft add rule ip t post oifname lo meta mark set meta mark or 7
goes 'type filter, POSTROUTING' 'error-rule 1' 0
must nft flush chain ip t post
must nft add chain ip t out '{ type filter hook output priority 0; }'
must nft add rule ip t out meta mark set meta mark or 7
goes 'type filter, OUTPUT: no lookup before the second' 'error-rule 1' 0
must nft flush chain ip t out
rules -t mangle -F OUTPUT
must nft add rule ip t out meta mark set 0x50
goes 'type filter marks, and does not route' 'no-hole 0' 1
must nft flush chain ip t out
must nft add chain ip t route '{ type route hook output priority -150; }'
must nft add rule ip t route meta mark set 0x57
goes 'type route does' 'error-rule 1' 0
must nft flush chain ip t route
must nft add rule ip t route meta mark set 0x50
goes 'into the hole' 'unholed 0' 1
rules -t nat -A POSTROUTING -o lo -j MARK --set-xmark 7/0xf
goes 'a mark of table nat' 'error-rule 1' 0
rules -t nat -F
FROM=client
must ip rule add iif cl0 lookup 50 pref 102
rules -A FORWARD -i cl0 -j MARK --set-xmark 7/0xf
goes 'a mark of table filter' 'error-rule 1' 0 from $CLIENT iif cl0
rules -F FORWARD
goes 'and without it' 'unholed 0' 1 from $CLIENT iif cl0
FROM=box
must nft delete table ip t
must ip rule del pref 5

echo '# what only root may see'
rules -t mangle -A OUTPUT -d $FAR -j MARK --set-xmark 0x50/0xf0
asked() { user unhole-path -j to $FAR | sed 's/.*"reason":"\([^"]*\)".*/\1/'; }
is 'a mark may lead into the hole' "$(asked)" may-not-look
must ip rule del fwmark 0x50/0xf0
must ip rule add fwmark 0x50/0xf0 iif cl0 lookup 50 pref 99
is 'a rule that it cannot meet' "$(asked)" no-hole
must ip rule add fwmark 0x50/0xf0 lookup 51 pref 100
is 'a rule whose table has no route' "$(asked)" no-hole
must ip rule add to $FAR lookup main pref 4
must ip rule add fwmark 0x50/0xf0 lookup 50 pref 101
is 'a rule that it does not come to' "$(asked)" no-hole
goes 'so it is' 'no-hole 0' 1
must ip rule del pref 4
is 'a rule that it comes to' "$(asked)" may-not-look
goes 'root sees it' 'unholed 0' 1
judged

echo '# a client, past the hole'
must ip rule del pref 102
FROM=client
must ip route add 203.0.113.0/24 via $PEER
client() { goes "$@" from $CLIENT iif cl0; }
table() { must nft add table ip n; must nft -f - <<-EOT
	table ip n { $1; }
EOT
}
no_table() { must nft delete table ip n; }
# What is registered last is called first, the kernel's own as well: it is asked, where it can be
modprobe nfnetlink_hook 2>/dev/null
if [ $PATCHED = 1 ] || [ -d /sys/module/nfnetlink_hook ]; then known=1; else known=0; fi
order() { [ $known = 1 ] && echo "$1" || echo 'rule-unknown 3'; }
table 'chain nat { type nat hook prerouting priority -100; iifname cl0 udp dport 4000-4999 dnat to 203.0.113.8; }'
table 'chain c { type filter hook prerouting priority -100; ip daddr 203.0.113.8 drop; }'
client 'a chain of the priority of NAT, made behind it' "$(order 'no-hole 0')" 1
must nft flush chain ip n c
table 'chain c { ip daddr 203.0.113.7 drop; }'
client 'and sees the address from before' "$(order 'rule-drop 1')" 0
no_table
table 'chain c { type filter hook prerouting priority -200; ct state new drop; }'
client 'of the priority of conntrack' "$(order 'no-hole 0')" 1
no_table
rules -t mangle -A PREROUTING -i cl0 -j TTL --ttl-set 1
client 'TTL 1, where it comes in' 'ttl 1' 0
rules -t mangle -F
rules -t mangle -A PREROUTING -i cl0 -j TTL --ttl-dec 63
client 'a TTL that is lowered, and nobody has told it' 'ttl 3' 0
rules -t mangle -I PREROUTING -i cl0 -j TTL --ttl-set 66
client 'and somebody has' 'no-hole 0' 1
rules -t mangle -F
rules -t mangle -A POSTROUTING -o up0 -j TTL --ttl-set 1
client 'TTL 1, where it goes out' 'no-hole 0' 1
rules -t mangle -F
table 'chain c { type filter hook prerouting priority -150; iifname cl0 ip ttl set 1; }'
client 'nftables, the same' 'ttl 1' 0
no_table
table 'set s { type ipv4_addr; size 9; flags dynamic; }
	chain c { type filter hook prerouting priority -150; iifname cl0 add @s { ip saddr }; ip saddr @s drop; }'
client 'a set that it is put into on the way' 'rule-unknown 3' 0
client 'and is in' 'rule-drop 1' 0
must nft flush set ip n s
must nft flush chain ip n c
table 'chain c { iifname cl0 add @s { ip saddr counter }; ip saddr 192.0.2.77 drop; }'
client 'one that counts, and nobody asks' 'no-hole 0' 1
no_table
rules -t raw -A PREROUTING -i cl0 -j CT --notrack
rules -A FORWARD -m conntrack --ctproto udp -j DROP
client 'without an entry no part of it is met' 'no-hole 0' 1
rules -A FORWARD -m conntrack --ctstate UNTRACKED --ctproto tcp --ctorigdst 192.0.2.77 -j DROP
client 'but behind its state none is asked for' 'rule-drop 1' 0
rules -t raw -F
rules -F FORWARD
table 'chain c { type filter hook forward priority 0; policy drop; ct helper "ftp" accept; }'
client 'no helper has expected it' 'rule-drop 1' 0
table 'chain c { ct protocol udp accept; }'
client "the entry's protocol" 'no-hole 0' 1
no_table
rules -A FORWARD -m helper --helper ftp -j DROP
rules -A FORWARD -m conntrack --ctproto tcp -j DROP
rules -A FORWARD -m conntrack ! --ctorigdstport 4000:4999 -j DROP
client 'iptables, none of it is met' 'no-hole 0' 1
rules -A FORWARD -m conntrack --ctorigdstport 4000:4999 -j DROP
client 'the port is' 'rule-drop 1' 0
rules -F FORWARD
must nft add table inet n
must nft 'add chain inet n c { type filter hook forward priority 0; policy drop; }'
must nft add rule inet n c rt type 0 accept
must nft add rule inet n c exthdr frag exists accept
must nft add rule inet n c meta nfproto ipv4 drop
must sysctl -qw net.ipv6.conf.all.forwarding=1
is 'no extension headers, either: IPv6' "$(reason to $FAR6 from $CLIENT6 iif cl0 ipproto udp)" rule-drop
must sysctl -qw net.ipv6.conf.all.forwarding=0
must nft delete table inet n
must ip route add 203.0.114.0/24 via 198.51.100.77
table 'chain c { type filter hook prerouting priority -300; iifname cl0 @nh,144,16 set 0x7207; }'
is 'half an address' "$(unhole-path -j to $FAR from $CLIENT iif cl0 ipproto udp dport 9 | grep -o '"egress":{"dev":"[a-z0-9]*' | sed 's/.*"//')" cl0
no_table
must ip route del 203.0.114.0/24
rules -t nat -A POSTROUTING -o up0 -j SNAT --to-source 192.0.2.10-192.0.2.13
client 'SNAT to one of four' 'no-hole 0' 1
rules -t nat -F
rules -t nat -A POSTROUTING -o up0 -j SNAT --to-source 192.0.2.10-192.0.2.200
client 'to one of many' 'no-hole 0' 1
table 'chain c { type filter hook postrouting priority 150; ip saddr 192.0.2.10 drop; }'
is 'and one of them is dropped' "$(reason to $FAR from $CLIENT iif cl0 ipproto udp dport 9)" rule-unknown
no_table
rules -t nat -F
rules -t nat -A PREROUTING -i cl0 -p udp -j DNAT --to-destination 203.0.113.20-203.0.113.22
client 'DNAT to one of three' 'no-hole 0' 1
rules -t nat -F
FROM=box
table 'chain c { type filter hook output priority 0; meta protocol ip udp dport 4000-4999 drop; }'
goes "a protocol of the box's own" 'rule-drop 1' 0
no_table
if [ $PATCHED = 0 ]; then
	FROM=client
	table 'set s { type ipv4_addr; size 9; flags dynamic; elements = { '$CLIENT' limit rate over 10/second }; }
		chain c { type filter hook forward priority 0; ip saddr @s drop; }'
	client 'an element with a limit of its own' 'rule-unknown 3' 1
	no_table
	rules -A FORWARD -m physdev --physdev-is-bridged -j DROP
	client 'it has come in by no bridge' 'no-hole 0' 1
	rules -A FORWARD -m physdev ! --physdev-is-bridged -j DROP
	client 'by none' 'rule-drop 1' 0
	rules -F FORWARD
	# Scenarios about bridges begin without it.
	check 'br_netfilter goes again' wait_for 10 modprobe -r xt_physdev br_netfilter
	table 'chain c { type filter hook forward priority 0; meta skgid 0 drop; meta cgroup 5 drop; ip option lsrr exists drop; }'
	client 'it has no socket, and no options' 'no-hole 0' 1
	no_table
	table 'chain c { type filter hook prerouting priority -150; iifname cl0 fib daddr . iif type { local, broadcast, multicast } drop; }'
	client 'the type of an address, at a device' 'no-hole 0' 1
	table 'chain c { iifname cl0 fib daddr . mark . iif type != { local, broadcast, multicast } drop; }'
	client 'is not local' 'rule-drop 1' 0
	no_table
	must sysctl -qw net.ipv6.conf.all.forwarding=1
	must ip -6 route add 2001:db8:33::/64 via $PEER6
	must ip6tables -t mangle -A PREROUTING -i cl0 -d $FAR6 -j DNPT --src-pfx 2001:db8:3::/60 --dst-pfx 2001:db8:33::/64
	must ip6tables -t mangle -A POSTROUTING -o up0 -s $CLIENT6 -j SNPT --src-pfx 2001:db8:1::/64 --dst-pfx 2001:db8:77::/48
	to=$(unhole-path -j to $FAR6 from $CLIENT6 iif cl0 ipproto udp dport 4999 | grep -o '"dst":"2001:db8:33:[^"]*"' | head -n 1 | cut -d '"' -f 4)
	src=$(unhole-path -j to $FAR6 from $CLIENT6 iif cl0 ipproto udp dport 4999 | sed 's/.*"source":"\([^"]*\)".*/\1/')
	echo x | on client socat -u - "UDP6-SENDTO:[$FAR6]:4999"
	settled one
	is "prefixes: to $to from $src" "$(seen one "ip6 dst ${to:-::} and src $src and udp port 4999")" 1
	must ip6tables -t mangle -F
	must ip -6 route del 2001:db8:33::/64
	must sysctl -qw net.ipv6.conf.all.forwarding=0
	FROM=box
fi
must ip route del 203.0.113.0/24
rules -t mangle -A OUTPUT -d $FAR -j MARK --set-xmark 0x50/0xf0
rules -t mangle -A PREROUTING -i lo -j MARK --set-xmark 0/0xf0
judged

echo '# cures'
heal() { unhole-path --explain "$@" | sed '1,/^to change it/d; s/^  //' >/run/fixes; sh -e /run/fixes >/dev/null; }
rules -t raw -F
rules -t raw -A PREROUTING -i lo -j ACCEPT
is 'a rule that accepts' "$(reason to $FAR)" no-rule
check 'is not what UNHOLE is put behind' heal to $FAR
goes 'and it leaves' 'unholed 0' 1
wire box cl0.7 198.18.0.1/24 client eth0.7 198.18.0.2/24,10.9.9.9/32
echo 1 >/proc/sys/net/ipv4/conf/cl0.7/rp_filter
echo 0 >/proc/sys/net/ipv4/conf/cl0.7/forwarding
ask="to $FAR from 10.9.9.9 iif cl0.7"
is "a device's own switch" "$(reason $ask)" forwarding-off
check 'is what is changed' heal $ask
is 'in a name with a dot, too' "$(reason $ask) $(cat /proc/sys/net/ipv4/conf/cl0.7/forwarding)" 'rp-filter 1'
check 'is what is changed' heal $ask
is 'loose, and still no way back' "$(reason $ask)" rp-filter
check 'off' heal $ask
is 'so that it leaves' "$(reason $ask)" no-hole
must ip -n client neigh replace 198.18.0.1 lladdr "$(cat /sys/class/net/cl0.7/address)" dev eth0.7
must ip -n client route add $FAR via 198.18.0.1 dev eth0.7
FROM=client SOCKET=,bind=10.9.9.9
goes 'and it does' 'no-hole 0' 1 from 10.9.9.9 iif cl0.7
FROM=box SOCKET=''
must ip rule flush
must ip rule add pref 32766 lookup main
rules -t mangle -F
must ip route flush table 50
must ip route add default via $PEER
must ip route replace $FAR dev lo
is 'a route into the hole in main' "$(reason to $FAR)" second-lookup-lo
check 'is moved' heal to $FAR
goes 'and it leaves' 'unholed 0' 1
must ip -6 nexthop add id 50 dev up0
must ip -6 route add default dev lo table 50
must ip -6 rule add to $FAR6 lookup 50 pref 50
is 'IPv6, a reject in disguise, and nexthop 50 is another' "$(reason to $FAR6)" reject-in-disguise
check 'has another number' heal to $FAR6
is 'so that the route leads into the hole' "$(reason to $FAR6)" no-rule
if [ $PATCHED = 1 ]; then
	rules -t raw -F
	rules -t mangle -A PREROUTING -i up0 -j ACCEPT
	# shellcheck disable=SC2016 # no shell is to run it
	RUNS='$(touch /run/ran)'
	rules -t mangle -A PREROUTING -i lo -m comment --comment "$RUNS" -j UNHOLE --set-xmark 0x52/0xff
	must ip rule add fwmark 0x77 to $BOX lookup 52 pref 20
	must ip route add default dev lo table 52
	must ip rule add lookup local pref 30
	must ip rule del pref 0
	ask="to $BOX from $CLIENT iif cl0 mark 0x77"
	is 'outside traffic' "$(reason $ask)" local-refused
	says 'is not made trusted' "$(unhole-path --explain $ask)" 'nothing to change is known'
	ask="to $BOX mark 0x77"
	is "the box's own" "$(reason $ask)" local-refused
	check 'has a rule that says it may' heal $ask
	is 'and is obeyed' "$(reason $ask)" second-lookup-local
	says 'it has kept its options' "$(iptables-save -t mangle)" '-j UNHOLE --set-xmark 0x52/0xff --allow-local'
	says '... and its comment' "$(iptables-save -t mangle)" "--comment \"$RUNS\""
	refute 'which no shell has run' test -e /run/ran
fi
judged

echo '# what programs read'
must ip link add 'ü"0' type dummy
must ip link set 'ü"0' up
must ip addr add 198.18.9.1/24 dev 'ü"0'
says 'a name that is not ASCII' "$(unhole-path -j to 198.18.9.9)" '"dev":"ü\"0"'
unhole-path to $FAR >/dev/full 2>/run/err
is 'nowhere to write to: exit status' $? 3
strace -qq -o /dev/null -e inject=socket:error=EMFILE $TRACED -j to $FAR >/run/out 2>/run/err
is 'nothing can be read: exit status' $? 3
says 'and -j says so' "$(cat /run/out)" '"verdict":"unknown"' '"reason":"cannot-read"'
for bad in "to $FAR to $PEER" "to $FAR ipproto udp dport 0"; do
	unhole-path $bad 2>/dev/null
	is "usage: $bad" $? 2
done
