# SPDX-License-Identifier: GPL-2.0-only
# unhole-path --explain: each command that it names is run until nothing is left
# to name; then the packet leaves, and not before. What may not be seen or cannot
# be known is called unknown, and the box is left as it was.
# weight: 10
topology
must sysctl -qw net.ipv4.ip_forward=0 net.ipv6.conf.all.forwarding=0
state() { iptables-legacy-save; nft list ruleset; cat /proc/net/ip*_tables_names; lsmod; ip rule; ip route show table all; }
# heal ARGUMENTS: runs the first command that it names, while there is one.
# Prints the reasons on the way.
heal() {
	_tries=0
	until _j=$(unhole-path -j "$@") || [ $_tries -gt 5 ]; do
		_tries=$((_tries + 1))
		echo "$_j" | tee -a /run/json | sed 's/.*"reason":"\([^"]*\)".*/\1/'
		unhole-path --explain "$@" | sed '1,/^to change it/d; s/^  //' >/run/fixes
		[ "$_j" != "${_last-}" ] && sh -e /run/fixes >/dev/null || return
		_last=$_j
	done | tr '\n' ' '
}
verdict() { unhole-path -j "$@" | tee -a /run/json | sed 's/.*"reason":"\([^"]*\)".*/\1/'; }

echo '# nothing in the way'
before=$(state)
is 'no hole: the reason' "$(verdict to $FAR)" no-hole
check 'no hole: exit status 0' unhole-path to $FAR
unhole-path doctor >/dev/null
unhole-path -6 -j to $FAR6 >/dev/null
is 'no table is made, no module loaded' "$(state | md5sum)" "$(echo "$before" | md5sum)"
unhole-path to 192.0.2.300 2>/dev/null
is 'usage: exit status' $? 2
unhole-path to $FAR iif nodev from $CLIENT 2>/dev/null
is 'no such device: exit status' $? 2

echo "# the box's own"
must ip route add default dev lo table 50
must ip rule add fwmark 0x50 lookup 50
must iptables -t mangle -A OUTPUT -d $FAR -j MARK --set-mark 0x50
must iptables -t mangle -A PREROUTING -i lo -j MARK --set-mark 0
before=$(state)
unhole-path to $FAR >/dev/null
is 'held: exit status' $? 1
is 'and the box is as it was' "$(state | md5sum)" "$(echo "$before" | md5sum)"
refute 'held: no answer' pings box 1 $FAR -W 0.5
[ $PATCHED = 1 ] && want='no-rule ' || want='no-rule forwarding-off martian-source '
is 'what was in the way' "$(heal to $FAR)" "$want"
says 'it leaves' "$(unhole-path to $FAR)" "leaves by up0 via $PEER, source $BOX"
check 'and it does' pings box 1 $FAR

echo '# a mark that leads into the hole, and stays; a rule without any'
must iptables -t mangle -F PREROUTING
is 'what was in the way' "$(heal to $FAR)" 'second-lookup-lo '
check 'it leaves' pings box 1 $FAR
must iptables -t mangle -F
must ip rule add to $FAR lookup 50 pref 50
is 'what was in the way' "$(heal to $FAR)" 'second-lookup-lo '
check 'it leaves' pings box 1 $FAR
must ip rule del pref 50
must ip rule del pref 49
must iptables -t raw -D PREROUTING 1
must iptables -t mangle -A OUTPUT -d $FAR -j MARK --set-mark 0x50
must iptables -t mangle -A PREROUTING -i lo -j MARK --set-mark 0

echo '# a client, strict rp_filter, SNAT into the next hop'"'s subnet"
must ip rule add iif cl0 lookup 50
must iptables -t nat -A POSTROUTING -o lo -s 10.9.9.9 -j SNAT --to-source 192.0.2.9
must ip -n client addr add 10.9.9.9/32 dev eth0
# ARP is validated like anything else: let them know each other before
check 'the neighbours know each other' pings client 1 $BOXCL
must sysctl -qw net.ipv4.ip_forward=0 net.ipv4.conf.cl0.rp_filter=1 net.ipv4.conf.lo.accept_local=1
ask="to $FAR from 10.9.9.9 iif cl0 snat 192.0.2.9"
capture one peer eth0
client_sends() { on client sh -c "echo x | socat -u - UDP$1-SENDTO:$2:4000,bind=$3"; }
client_sends 4 $FAR 10.9.9.9
settled one
is 'nothing of it leaves' "$(seen one "udp port 4000")" 0
is 'what was in the way' "$(heal $ask)" 'forwarding-off rp-filter rp-filter '
says 'it leaves, with a remark' "$(unhole-path $ask)" 'leaves by up0' 'source 192.0.2.9' \
	'somebody must answer' 'a reply has no route to 10.9.9.9'
client_sends 4 $FAR 10.9.9.9
settled one
is 'and it does' "$(seen one "udp port 4000 and src 192.0.2.9")" 1

echo '# IPv6: a route dev lo'
must ip -6 route add default dev lo table 50
must ip -6 rule add iif cl0 lookup 50
is 'what was in the way' "$(heal to $FAR6 from $CLIENT6 iif cl0)" 'reject-in-disguise forwarding-off no-rule '
client_sends 6 "[$FAR6]" "[$CLIENT6]"
settled one
is 'it leaves' "$(seen one "ip6 and udp port 4000 and src $CLIENT6")" 1

echo '# several nexthops; a cable that is out'
must ip route add 198.18.0.0/24 nexthop via $PEER nexthop via 192.0.2.3
says 'it says that there are others' "$(unhole-path to 198.18.0.1)" 'or another of 2 nexthops'
wire box up2 198.18.1.1/24 peer eth2 -
must ip route add 198.18.2.0/24 nexthop via $PEER nexthop via 198.18.1.2
is 'by addresses: which one is known' "$(verdict to 198.18.2.1 from $BOX ipproto udp dport 9)" no-hole
must sysctl -qw net.ipv4.fib_multipath_hash_policy=1
is 'by ports: it is not, unless they are told' "$(verdict to 198.18.2.1 from $BOX ipproto udp dport 9) $(verdict to 198.18.2.1 from $BOX ipproto udp sport 4000 dport 9)" \
	'lookup-unknown no-hole'
must sysctl -qw net.ipv4.fib_multipath_hash_policy=0
must ip -6 addr add 2001:db8:1002::1/64 dev up2 nodad
must ip -6 route add 2001:db8:2002::/64 nexthop via $PEER6 nexthop via 2001:db8:1002::2
is 'IPv6, by a label that TCP has of its own' "$(verdict to 2001:db8:2002::1 ipproto udp) $(verdict to 2001:db8:2002::1 ipproto tcp)" 'no-hole lookup-unknown'
must ip -6 route del 2001:db8:2002::/64
must ip -6 addr del 2001:db8:1002::1/64 dev up2
must ip -n peer link set eth2 down
check 'the carrier is gone' wait_for 5 sh -c "ip link show up2 | grep -q NO-CARRIER"
is 'routed there, and lost' "$(verdict to 198.18.1.2)" no-carrier

echo '# what cannot be known'
must iptables -t raw -F
must iptables -t raw -A PREROUTING -i lo -m ttl --ttl-gt 5 -j UNHOLE
unhole-path to $FAR >/run/out
is 'a match that is not evaluated: exit status' $? 3
says 'and it says which' "$(cat /run/out)" 'unknown' 'raw PREROUTING, rule 1'
must iptables -t raw -F
unhole
must iptables -t mangle -A PREROUTING -i lo -j CONNMARK --restore-mark
is "a new connection's mark is 0" "$(verdict to $FAR)" unholed
must iptables -t mangle -F PREROUTING
must ip rule add ipproto tcp lookup main pref 5
is 'a policy rule for a protocol that was not told' "$(verdict to $FAR)" lookup-unknown
is 'told: it is that one' "$(verdict to $FAR ipproto tcp mark 0x50)" no-hole
is 'told: it is another' "$(verdict to $FAR ipproto udp mark 0x50)" second-lookup-lo
is 'one that the kernel cannot be asked about' "$(verdict to $FAR ipproto gre mark 0x50)" second-lookup-lo
must ip rule del pref 5
user='setpriv --reuid 65534 --clear-groups --bounding-set=-all --inh-caps=-all'
$user unhole-path to $FAR mark 0x50 >/run/out
is 'not root: exit status' $? 3
says 'and it says so' "$(cat /run/out)" 'only root may see'
# A mark that only root can see set may lead there
$user unhole-path to $FAR >/run/out
is 'not root, and a mark may lead there: exit status' $? 3
says 'and it says so' "$(cat /run/out)" 'policy rules ask for marks' 'only root may see'
must ip rule del fwmark 0x50
check 'not root, and none may: exit status 0' $user unhole-path to $PEER
must ip rule add fwmark 0x50 lookup 50

echo '# a second lookup that is local'
must iptables -t mangle -F
must ip rule add iif cl0 to $BOX lookup 50 pref 20
must ip rule add lookup local pref 30
must ip rule del pref 0
must iptables -A INPUT -i lo -p udp --dport 4001 -m comment --comment local
ask="to $BOX from $CLIENT iif cl0 ipproto udp dport 4001"
arrives() {
	_was=$(rule_packets 'comment local')
	on client sh -c "echo x | socat -u - UDP4-SENDTO:$BOX:4001"
	settled one
	echo $(($(rule_packets 'comment local') - _was))
}
is 'outside traffic: refused' "$(verdict $ask) $(arrives)" 'local-refused 0'
must iptables -t raw -F
unhole --allow-local
is 'delivered as lo, where that is allowed' "$(verdict $ask) $(arrives)" 'second-lookup-local 1'
must ip rule add lookup local pref 0
must ip rule del pref 20

echo '# DNAT, and a kernel that is another one'
must iptables -t raw -F
unhole
must iptables -t mangle -A OUTPUT -d $FAR -j MARK --set-mark 0x50
must iptables -t mangle -A PREROUTING -i lo -j MARK --set-mark 0
must iptables -t nat -A OUTPUT -d 198.51.100.77 -p udp -j DNAT --to-destination $FAR:4002
must iptables -t mangle -A OUTPUT -d 198.51.100.77 -j MARK --set-mark 0x50
stock_sysctls
must sysctl -qw net.ipv4.ip_forward=1
ask="to 198.51.100.77 ipproto udp dport 99 dnat $FAR:4002"
says 'DNAT in OUTPUT' "$(unhole-path -j $ask)" "\"dst\":\"$FAR\"" '"verdict":"leaves"' '"reason":"unholed"' '"dev":"up0"'
echo x | socat -u - UDP4-SENDTO:198.51.100.77:99
settled one
is 'and so it leaves' "$(seen one "udp port 4002 and dst $FAR")" 1
must iptables -t nat -A PREROUTING -i cl0 -d $BOXCL -p udp --dport 98 -j DNAT --to-destination $FAR:4003
ask="to $BOXCL from $CLIENT iif cl0 ipproto udp dport 98"
is 'DNAT of a client: not told, the rule says it' "$(verdict $ask)" unholed
is 'told, it goes through the hole' "$(verdict $ask dnat $FAR:4003)" unholed
on client sh -c "echo x | socat -u - UDP4-SENDTO:$BOXCL:98"
settled one
is 'and so it does' "$(seen one "udp port 4003 and dst $FAR")" 1
must sysctl -qw net.ipv4.conf.lo.accept_local=0 net.ipv4.conf.all.accept_local=0
is '--core yes and no' "$(verdict --core yes to $FAR) $(verdict --core no to $FAR)" 'unholed martian-source'
[ $PATCHED = 1 ] && want=unholed || want=martian-source
is 'without it, this kernel' "$(verdict to $FAR)" $want

echo '# nvi: a rule that leads back; in IPv6, forwarding; its carrier'
must iptables -t mangle -F
must iptables -t raw -F
must sysctl -qw net.ipv4.ip_forward=0 net.ipv6.conf.all.forwarding=0
nvi nvi0
must ip route replace default dev nvi0 table 50
must ip -6 route add default dev nvi0 table 60
must ip rule add to $FAR lookup 50 pref 50
must ip -6 rule add to $FAR6 lookup 60 pref 50
says 'the sender is told' "$(unhole-path to $FAR)" 'net unreachable' 'drop_loop'
says 'and it is' "$(ping -n -c 1 -W 1 $FAR)" 'Destination Net Unreachable'
# A policy of one's own: another source has another table
must ip route add unreachable default table 70
must ip rule add from 192.0.2.77 lookup 70 pref 30
is 'what was in the way' "$(heal to $FAR)" 'second-lookup-hole '
check 'it leaves' pings box 1 $FAR
must iptables -t nat -A POSTROUTING -o nvi0 -p udp --dport 77 -j SNAT --to-source 192.0.2.77
is 'the cure leaves the policy by source alone' "$(verdict to $FAR ipproto udp dport 77)" error-route
must iptables -t nat -F
must ip rule del pref 30
is 'what was in the way in IPv6' "$(heal to $FAR6)" 'second-lookup-hole '
check 'it leaves' pings box 1 $FAR6
must iptables -t mangle -A POSTROUTING -o nvi0 -j CONNMARK --restore-mark
must ip rule add fwmark 7 lookup 50 pref 5
is "a new connection's mark is 0" "$(verdict to $FAR)" nvi
must iptables -t mangle -F
$user unhole-path -j to $FAR >/run/out
says 'not root, and a rule asks for marks' "$(cat /run/out)" '"reason":"may-not-look"'
must ip link set nvi0 carrier off
is 'no carrier' "$(verdict to $FAR)" no-carrier
# (The kernel stops the device a moment later.)
stays() { ! pings box 1 $FAR -W 0.5; }
check 'and it does not leave' wait_for 5 stays
must ip link set nvi0 carrier on
must ip link set nvi0 down
is 'down: no route leads to it' "$(verdict to $FAR)" no-hole

echo '# FORWARD drops what goes into the hole, or comes out of it; a rule for some packets stays'
must ip link set nvi0 up
must ip route replace default dev nvi0 table 50
must ip -6 route replace default dev nvi0 table 50
must sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
must ip rule del pref 50
must ip rule add iif nvi0 lookup main pref 40
must iptables -A FORWARD -p udp --dport 4444 -j DROP
must iptables -A FORWARD -i cl0 -o up0 -j ACCEPT
must iptables -P FORWARD DROP
ask="to $FAR from $CLIENT iif cl0 ipproto udp dport"
says 'what is dropped on purpose has no cure' "$(unhole-path --explain $ask 4444)" 'dies: dropped by' 'nothing to change'
is 'iptables, the policy' "$(heal $ask 4005)" 'rule-drop '
client_sends 4 $FAR $CLIENT
settled one
is 'and then it leaves' "$(verdict $ask 4000) $(seen one "udp port 4000 and src $CLIENT")" 'nvi 1'
must iptables -P FORWARD ACCEPT
must iptables -F FORWARD
must nft 'add table inet f; add chain inet f forward { type filter hook forward priority 1; policy drop; }'
must nft add rule inet f forward iifname cl0 oifname up0 accept
is 'nft, IPv6' "$(heal to $FAR6 from $CLIENT6 iif cl0)" 'rule-drop '
must nft 'flush chain inet f forward; add rule inet f forward iifname cl0 oifname nvi0 accept'
says 'nobody may go out by the uplink: no cure' "$(unhole-path --explain $ask 4006)" 'dies: dropped by' 'nothing to change'
must nft 'flush chain inet f forward; add chain inet f refuse; add rule inet f refuse meta l4proto tcp reject with tcp reset; add rule inet f refuse reject'
must nft 'add rule inet f forward oifname up0 accept; add rule inet f forward jump refuse'
is 'TCP, which is refused in its own way' "$(heal to $FAR from $CLIENT iif cl0 ipproto tcp sport 4007 dport 80)" 'rule-drop '
must nft 'flush chain inet f forward; add chain inet f forward { policy accept; }; add rule inet f forward meta l4proto tcp reject with tcp reset'
says 'TCP alone: no cure' "$(unhole-path --explain to $FAR from $CLIENT iif cl0 ipproto tcp sport 4008 dport 80)" 'dies: dropped by' 'nothing to change'
must nft 'flush chain inet f forward; add chain inet f forward { policy drop; }; add rule inet f forward iifname cl0 oifname nvi0 accept'
must ip route replace default dev lo table 50
must iptables -t raw -F
unhole
# (the last one again: there was nothing to run)
is 'by lo, nobody may either' "$(heal $ask 4006)" 'rule-drop rule-drop rule-drop '
says 'it has no cure' "$(unhole-path --explain $ask 4006)" 'FORWARD' 'nothing to change'
must nft add rule inet f forward iifname cl0 oifname up0 accept
is 'by lo, who may go out by the uplink' "$(heal $ask 4006)" 'rule-drop '
