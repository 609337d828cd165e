# SPDX-License-Identifier: GPL-2.0-only
# unhole-path for fingers that know ip(8): an address alone, options in any place, help,
# tos, uid, oif, vrf, devices as ip prints them, ports of a bridge, names of protocols; what
# contradicts itself; each rule that is met; NAT, rules and routes in the JSON; names of tables and
# realms, flow labels; packets of connections that are there.
# weight: 9
topology
must sysctl -qw net.ipv4.ip_forward=1
verdict() { unhole-path -j "$@" | tee -a /run/json | sed 's/.*"reason":"\([^"]*\)".*/\1/'; }
bad() {
	_w=$1
	shift
	unhole-path "$@" >/dev/null 2>/run/err
	is "$_w: exit status" $? 2
	says "$_w: it says why" "$(cat /run/err)" "$_w"
}
says 'an address alone' "$(unhole-path $FAR)" 'leaves by up0'
says 'options behind it' "$(unhole-path $FAR -j)" '"verdict":"leaves"'
says 'and in between' "$(unhole-path to $FAR --explain mark 7 -4)" 'nothing to change is known'
says 'help' "$(unhole-path help)" 'usage: unhole-path'
says 'the version' "$(unhole-path -V)" 'unhole-path 1.'
is 'no color, since it is no terminal' "$(unhole-path $FAR | grep -c "$(printf '\033')")" 0
at_least 'color all the same' "$(unhole-path -c $FAR | grep -c "$(printf '\033')")" 1

echo '# what policy rules ask for'
must ip rule add tos 0x10 blackhole pref 5
must ip rule add uidrange 1000-1000 prohibit pref 6
is 'another TOS' "$(verdict $FAR)" no-hole
is 'tos' "$(verdict $FAR tos 0x10)" error-rule
is 'dsfield' "$(verdict $FAR dsfield 16)" error-rule
refute 'and no ping with it leaves' pings box 1 $FAR -Q 0x10 -W 0.5
check 'as one without it does' pings box 1 $FAR
is 'another user' "$(verdict $FAR uid 1001)" no-hole
is 'uid' "$(verdict $FAR uid 1000)" error-rule
refute 'and none of his leaves' setpriv --reuid 1000 --clear-groups --inh-caps=+net_raw --ambient-caps=+net_raw ping -n -c 1 -W 0.5 $FAR
must iptables -A OUTPUT -m owner --uid-owner 1001 -j DROP
is 'a rule for users, and nobody said who' "$(verdict $FAR)" rule-unknown
is 'told: it is his' "$(verdict $FAR uid 1001)" rule-drop
is 'told: it is not' "$(verdict $FAR uid 0)" no-hole
must iptables -F OUTPUT
must ip rule del pref 5
must ip rule del pref 6
must iptables -t mangle -A OUTPUT -p udp -d $FAR -j MARK --set-mark 9
must ip rule add uidrange 1000-1000 fwmark 9 blackhole pref 5
is "behind OUTPUT it is looked up as root's, whoever sends" "$(verdict $FAR uid 1000 ipproto udp dport 9)" no-hole
capture uid peer eth0
echo x | setpriv --reuid 1000 --clear-groups socat -u - "UDP4-SENDTO:$FAR:9"
settled uid
is 'and it leaves' "$(seen uid 'udp port 9')" 1
must iptables -t mangle -F OUTPUT
must ip rule del pref 5
must ip rule add from $BOX blackhole pref 5
is 'a socket of UDP that may be connected' "$(verdict $FAR ipproto udp dport 10) $(verdict $FAR ipproto udp dport 10 from $BOX)" 'lookup-unknown error-rule'
echo x | socat -u - "UDP4-SENDTO:$FAR:10"
echo x | socat -u - "UDP4:$FAR:11" 2>/dev/null
settled uid
is 'one that is not: it leaves; one that is: it does not' "$(seen uid 'udp port 10') $(seen uid 'udp port 11')" '1 0'
must ip rule del pref 5

echo '# devices'
must ip link add d0 type dummy
must ip link set d0 up
must ip addr add 198.18.5.1/24 dev d0
must ip route add $FAR via 198.18.5.2 metric 50
says 'oif' "$(unhole-path $FAR oif up0) $(unhole-path $FAR oif d0)" 'leaves by up0' 'leaves by d0'
must ip link add v0 type vrf table 80
must ip link set v0 up
must ip link set d0 master v0
must ip route add 198.18.77.0/24 via 198.18.5.2 table 80
says 'vrf' "$(unhole-path 198.18.77.7 vrf v0)" 'leaves by d0'
says 'a name as ip prints it' "$(unhole-path $FAR from $CLIENT iif cl0@if3)" 'leaves by up0'
must ip link add br0 type bridge
must ip link set br0 up
must ip addr add 198.18.6.1/24 dev br0
wire box p0 - client eth1 -
must ip link set p0 master br0 up
must iptables -A FORWARD -i br0 -p tcp --dport 80 -j DROP
says 'a port of a bridge' "$(unhole-path $FAR from 198.18.6.2 iif p0 ipproto tcp dport 80)" \
	'dies: dropped by filter FORWARD' 'p0 is a port of br0'
must iptables -F FORWARD
# The other kernels' guests have no tables of devices
if [ $PATCHED = 0 ]; then
	hooks() {
		must nft add table netdev n
		must nft add chain netdev n c "{ type filter hook $1 device $2 priority 0; }"
		must nft add rule netdev n c ${3:-ip protocol icmp} drop
	}
	hooks ingress p0
	is 'ingress of a port: told, not told, and of no matter' "$(for a in 'p0 ipproto icmp' 'br0 ipproto icmp' 'br0 ipproto udp'; do verdict $FAR from 198.18.6.2 iif $a; done | tr '\n' ' ')" \
		'rule-drop rule-unknown no-hole '
	must nft delete table netdev n
	must nft add table bridge n
	must nft add chain bridge n c '{ type filter hook input priority 0; }'
	must nft add rule bridge n c iifname p0 ip protocol icmp drop
	is "a bridge's own rules" "$(for a in 'p0 ipproto icmp' 'br0 ipproto icmp' 'p0 ipproto udp'; do verdict $FAR from 198.18.6.2 iif $a; done | tr '\n' ' ')" \
		'rule-drop rule-unknown no-hole '
	must nft delete table bridge n
	must ip link add link up0 name up0.7 type vlan id 7
	must ip link set up0.7 up
	must ip addr add 198.18.7.1/24 dev up0.7
	hooks egress up0
	is 'egress of the device below' "$(verdict 198.18.7.2 ipproto icmp) $(verdict 198.18.7.2 ipproto udp)" 'rule-drop no-hole'
	must nft delete table netdev n
	hooks egress up0 'iifname cl0'
	is 'egress knows no input device' "$(verdict $FAR from $CLIENT iif cl0 ipproto icmp)" no-hole
	check 'and it leaves' pings client 1 $FAR
	must nft delete table netdev n
	hooks ingress lo
	is "loopback's" "$(verdict $BOX ipproto icmp)" rule-drop
	refute 'and it is lost' pings box 1 $BOX -W 0.5
	must nft delete table netdev n
fi
is 'a protocol by its name' "$(verdict $FAR ipproto udplite)" no-hole

must sysctl -qw net.ipv6.conf.all.forwarding=1 net.ipv6.conf.v0.disable_ipv6=1
is 'IPv6 is off where it comes in' "$(verdict $FAR6 from $CLIENT6 iif v0) $(verdict $FAR6 from $CLIENT6 iif cl0)" 'refused no-hole'
is 'sources that nobody has' "$(for a in ::1 ff02::1 ::; do verdict $FAR6 from $a iif cl0; done | tr '\n' ' ')" 'martian-source martian-source martian-source '
must sysctl -qw net.ipv6.conf.all.forwarding=0

echo '# what contradicts itself'
bad 'with iif there is no choice' $FAR from $CLIENT iif cl0 oif up0
bad 'say one of them' $FAR oif up0 vrf v0
bad 'for packets of this box' $FAR from $CLIENT iif cl0 uid 0
bad 'told twice' $FAR to $FAR
bad 'told twice' $FAR tos 1 dsfield 2
bad 'up to 255' $FAR tos 256
bad 'there is no device' $FAR from $CLIENT iif cl0x

echo '# each rule that it meets'
must iptables -N u
must iptables -A FORWARD -i cl0 -j u
must iptables -A u -p udp -m ttl --ttl-gt 5 -j DROP
must iptables -A u -p tcp -j DROP
must iptables -t nat -A PREROUTING -d $BOX -p tcp --dport 8080 -j DNAT --to-destination $FAR:80
out=$(unhole-path --trace to $BOX from $CLIENT iif cl0 ipproto tcp dport 8080)
says 'hooks and rules' "$out" 'PREROUTING -i cl0' 'nat PREROUTING, rule 1: NAT' 'FORWARD -i cl0 -o up0' \
	'filter FORWARD, rule 1: jump u' 'filter u, rule 2: drop' "PREROUTING: DNAT to $FAR, port 80 (nat PREROUTING, rule 1)"
says 'what is not certain' "$(unhole-path --trace $FAR from $CLIENT iif cl0 ipproto udp)" 'filter u, rule 1: drop (it may)'
says 'the same as JSON' "$(unhole-path -j --trace to $BOX from $CLIENT iif cl0 ipproto tcp dport 8080 | tee -a /run/json)" \
	'"type":"dnat"' "\"to\":\"$FAR\"" '"port":80' '"trace":["' 'filter u, rule 2: drop'

echo '# names, as ip has them'
must iptables -F
must iptables -t nat -F
must mount -t tmpfs tmpfs /etc/iproute2
printf '# names\n77 isp1\n0x100\tisp2 # hexadecimal\nx y\n' >/etc/iproute2/rt_tables
must mkdir /etc/iproute2/rt_tables.d
echo '78 isp3' >/etc/iproute2/rt_tables.d/more.conf
printf '5 dsl\n6 lan\n' >/etc/iproute2/rt_realms
must ip rule add to 198.18.77.0/24 lookup isp1 pref 11
must ip rule add to 198.18.78.0/24 lookup isp3 pref 12
must ip rule add to 198.18.79.0/24 lookup isp2 pref 13
for t in isp1 isp2 isp3; do must ip route add default via $PEER table $t realms lan/dsl; done
says 'tables and realms' "$(for n in 77 78 79; do unhole-path 198.18.$n.1; done)" 'lookup isp1' 'lookup isp2' 'lookup isp3' \
	'table isp1 realms lan/dsl'
says 'the same as ip' "$(ip rule show pref 13) $(ip route show table isp1)" 'lookup isp2' 'realms lan/dsl'
says 'as fields' "$(unhole-path -j 198.18.77.1 | tee -a /run/json)" '"rule_fields":{"pref":11,"action":"lookup","table":77,"table_name":"isp1","to":"198.18.77.0/24"' \
	'"route_fields":{"dst":"0.0.0.0","prefixlength":0,"type":"unicast","table":77' '"paths":[{"dev":"up0","gateway":"192.0.2.2"}]' \
	'"nexthop":{"dev":"up0","gateway":"192.0.2.2"}'

echo '# flow labels'
bad 'flowlabel is for IPv6' $FAR flowlabel 1
is 'no rule asks for it' "$(verdict $FAR6 flowlabel 0x12345)" no-hole
# A kernel that does not know it makes a rule for all of them
ip -6 rule add flowlabel 0x12345 pref 9 blackhole 2>/dev/null
case $(ip -6 rule show pref 9) in
*flowlabel*)
	must sysctl -qw net.ipv6.conf.all.forwarding=1
	is 'a rule does' "$(verdict $FAR6 flowlabel 0x12345) $(verdict $FAR6 flowlabel 0x12344) $(verdict $FAR6)" 'error-rule no-hole no-hole'
	is "a client's, not told" "$(verdict $FAR6 from $CLIENT6 iif cl0)" lookup-unknown
	refute 'and none with it leaves' pings box 1 $FAR6 -F 0x12345 -W 0.5
	check 'as one without it does' pings box 1 $FAR6
	;;
esac
ip -6 rule del pref 9 2>/dev/null

echo '# as this connection'
capture words peer eth0
bad 'conntrack wants the whole tuple' $FAR conntrack
bad 'conntrack, or snat and dnat' $FAR from $CLIENT iif cl0 ipproto udp sport 1 dport 2 snat $BOX conntrack
must ip rule del pref 11
must iptables -t nat -A POSTROUTING -o up0 -j SNAT --to-source $BOX
must iptables -A FORWARD -m conntrack --ctstate ESTABLISHED -m conntrack --ctdir REPLY -j ACCEPT
must iptables -A FORWARD -i cl0 -m conntrack --ctstate NEW -m connmark --mark 0 -j ACCEPT
must iptables -A FORWARD -m conntrack --ctstate ESTABLISHED -m connmark --mark 7 -j ACCEPT
must iptables -P FORWARD DROP
sent() { echo x | on client socat -u - "UDP4-SENDTO:$FAR:$1,sourceport=4400,reuseaddr"; }
went() { settled words; seen words "src $BOX and udp port $1"; }
out="from $CLIENT iif cl0 ipproto udp sport 4400 dport 99"
back="$BOX from $FAR iif up0 ipproto udp sport 99 dport 4400"
# The patched kernels have it built in; a scenario before this one may have loaded it.
[ $PATCHED = 1 ] || {
	grep -q '^nf_conntrack_netlink ' /proc/modules && must wait_for 30 rmmod nf_conntrack_netlink
	refute 'nobody has loaded it' grep -q '^nf_conntrack_netlink ' /proc/modules
	says 'so it cannot ask' "$(unhole-path $FAR $out conntrack)" 'conntrack cannot be asked for connections'
	refute 'and has not loaded it' grep -q '^nf_conntrack_netlink ' /proc/modules
}
must conntrack -L >/dev/null
is 'there is none' "$(verdict $FAR $out conntrack)" no-connection
says 'and a new one leaves' "$(unhole-path $FAR $out)" "leaves by up0 via $PEER, source $BOX"
sent 99
says 'the first packet has made it: NEW, and no answer' "$(unhole-path $FAR $out conntrack)" "leaves by up0 via $PEER, source $BOX" \
	'it is one of a connection that conntrack has: NEW, original direction, mark 0x0, SNAT'
sent 99
is 'and it leaves' "$(went 99)" 2
says 'its reply' "$(unhole-path $back conntrack)" 'leaves by cl0' 'ESTABLISHED, reply direction'
is 'without the word it is for the box' "$(verdict $back)" local
capture heard client eth0
echo x | on peer socat -u - "UDP4-SENDTO:$BOX:4400,bind=$FAR,sourceport=99"
settled heard
is 'and it comes' "$(seen heard 'udp src port 99')" 1
is 'ESTABLISHED, which no rule lets pass' "$(verdict $FAR $out conntrack)" rule-drop
sent 99
is 'none leaves' "$(went 99)" 2
must conntrack -U -p udp --orig-src $CLIENT --mark 7
says 'the connection has a mark' "$(unhole-path -j $FAR $out conntrack | tee -a /run/json)" '"verdict":"leaves"' \
	'"conntrack":{"state":"ESTABLISHED","direction":"original","mark":7}' '"by":"the connection"'
sent 99
is 'and leaves' "$(went 99)" 3

# The same of a ping, in a zone: as conntrack has it. (The rules put it there.)
must iptables -A FORWARD -p icmp -m conntrack --ctstate ESTABLISHED -m icmp --icmp-type echo-reply -j ACCEPT
must iptables -t raw -A PREROUTING -p icmp -j CT --zone 5
check 'a ping' pings client 1 $FAR
line=$(conntrack -L -p icmp --orig-src $CLIENT 2>/dev/null | sed -n 's/.*\(src=.* id=[0-9]*\) src=.*/\1/p' | tail -n 1)
back=$(conntrack -L -p icmp --orig-src $CLIENT 2>/dev/null | sed -n 's/.* id=[0-9]* \(src=.* id=[0-9]*\) .*/\1/p' | tail -n 1)
says "as conntrack's line has it" "$line" 'type=8 code=0 id='
# shellcheck disable=SC2086 # words
is 'in its zone it is there: ESTABLISHED, which no rule lets pass' "$(verdict $line ipproto icmp iif cl0 conntrack zone=5)" rule-drop
# shellcheck disable=SC2086
is 'in no zone it is not' "$(verdict $line ipproto icmp iif cl0 conntrack)" no-connection
# shellcheck disable=SC2086
says 'the reply, by its type' "$(unhole-path $back ipproto icmp iif up0 conntrack zone 5)" 'leaves by cl0' 'ESTABLISHED, reply direction'
bad 'conntrack wants the whole tuple' $FAR from $CLIENT iif cl0 ipproto icmp type 8 conntrack
bad 'are for conntrack' $FAR from $CLIENT iif cl0 ipproto icmp type 8
bad 'are ICMP' $FAR from $CLIENT iif cl0 ipproto udp sport 1 dport 2 type 8 conntrack
is 'not root' "$(setpriv --reuid 65534 --clear-groups --bounding-set=-all --inh-caps=-all unhole-path -j $FAR $out conntrack | sed 's/.*"reason":"\([^"]*\)".*/\1/')" may-not-look

echo '# what it does not look at, and may be met on the way'
must tc qdisc add dev up0 clsact
must ip link add aside type dummy
must tc qdisc add dev aside clsact
is 'tc, where the packet goes, and nowhere else' "$(unhole-path $BOX | grep 'not looked at')/$(unhole-path $PEER | grep 'not looked at')" \
	'/note: not looked at: tc at up0 (clsact)'
must ip link del aside
must tc qdisc del dev up0 clsact
if ip xfrm policy add dir out src 192.0.2.77/32 dst 203.0.113.0/24 tmpl proto esp mode tunnel src 192.0.2.77 dst $PEER; then
	says 'policies of IPsec' "$(unhole-path $PEER)" 'not looked at: IPsec (1 policy)'
	must ip xfrm policy flush
fi
