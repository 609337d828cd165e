# SPDX-License-Identifier: GPL-2.0-only
# unhole-path doctor, what keeps packets from the hole, or from coming out of it: a policy or a
# rule of FORWARD, on the first pass and on the second, of both front ends; a rule that takes
# all of it before; routes that went with their device; forwarding. Each is named, and the cure works
# when typed; what some packets are dropped by is no fault. Pings are sent beside each answer.
# patches: none
# weight: 20
# timeout: 300
. /unhole/doctor.sh
topology
must ip -n peer route replace 198.51.100.0/24 via $BOX
must sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
heard() { on $1 ping -n -q -c 1 -W 0.4 $FAR | sed -n 's/.* \([0-9]*\) received.*/\1/p'; }
# look: what is wrong, and /run/cure, what cures it
look() {
	unhole-path doctor >/run/doctor
	sed -n '/^\(warn\|bad\)/{n;s/^ //p;}' /run/doctor >/run/cure
	sed -n 's/^\(warn\|bad\)  *\([a-z0-9_-]*\): .*/\2/p' /run/doctor | tr '\n' ' '
}
# dies WHAT WHO CHECKS...: each is named, once that before it is cured; then it goes
dies() {
	_what=$1 _who=$2
	is "$1: not heard" "$(heard $2)" 0
	shift 2
	for _check; do
		is "$_what: named" "$(look)" "$_check "
		must sh -e /run/cure
	done
	is "$_what, cured" "$(look)$(heard $_who)" 1
}
fine() { is "$1" "$(look)$(heard client)" 1; }
nft_table() { must nft "add table $1 f; add chain $1 f forward { type filter hook forward priority 0; policy ${2:-drop}; }"; }
gone() { must nft delete table $1 f; }

nvi nvi0
must ip rule add iif up0 lookup 200
is 'nvi0 is not used yet, and a table of somebody is empty' "$(look)" ''
must ip rule del iif up0
must ip route add default via $PEER
must ip route add default dev nvi0 table 50
must ip rule add iif cl0 lookup 50
must ip rule add iif nvi0 lookup main
must nft 'add table ip nat0; add chain ip nat0 post { type nat hook postrouting priority 100; }; add rule ip nat0 post oifname nvi0 masquerade'
must ip addr add 192.0.2.77/32 dev nvi0
fine 'nothing drops'

echo '# the first pass'
for ipt in iptables-nft iptables-legacy; do
	must $ipt -A FORWARD -i cl0 -o up0 -j ACCEPT
	must $ipt -A FORWARD -i up0 -m conntrack --ctstate ESTABLISHED -j ACCEPT
	must $ipt -P FORWARD DROP
	dies "$ipt, the policy" client forward-drop
	must $ipt -D FORWARD -i cl0 -o nvi0 -j ACCEPT
	must $ipt -P FORWARD ACCEPT
	must $ipt -N refuse
	must $ipt -A refuse -j REJECT
	must $ipt -A FORWARD -m conntrack --ctstate NEW -j refuse
	dies "$ipt, a chain that refuses" client forward-drop
	must $ipt -F FORWARD
	must $ipt -F refuse
	must $ipt -X
	{
		echo '*filter'
		for some in '-p tcp' '-d 203.0.113.200' '-m conntrack --ctstate ESTABLISHED' '-m mark --mark 5'; do
			echo "-A FORWARD -i cl0 -o nvi0 $some -j DROP"
		done
		echo COMMIT
	} >/run/some
	must $ipt-restore -n /run/some
	fine "$ipt: some packets are dropped"
	must $ipt -F FORWARD
	must $ipt -A FORWARD -i cl0 -o nvi0 -j DROP
	is "$ipt: a rule of these very devices is somebody's will: named, and no cure" "$(look)$(wc -l </run/cure)" 'forward-drop 0'
	must $ipt -F FORWARD
done
nft_table inet
must nft add rule inet f forward ct state vmap '{ established : accept, related : accept, invalid : drop }'
must nft add rule inet f forward iifname cl0 oifname up0 accept
dies 'nft, the policy' client forward-drop
gone inet
nft_table ip accept
must nft add rule ip f forward iifname cl0 oifname up0 accept
must nft add rule ip f forward ct state new reject
dies 'nft, its last rule' client forward-drop
gone ip
nft_table inet
must nft add rule inet f forward iifname cl0 icmp type echo-request accept
must nft add rule inet f forward ct state established accept
must ip rule add iif up0 to 203.0.114.0/24 lookup 50 pref 60
fine 'nft: some may pass, and nobody who comes in by the uplink'
must ip rule del pref 60
gone inet
nft_table inet
must nft add rule inet f forward ct state established accept
must nft 'add table ip g; add chain ip g forward { type filter hook forward priority 5; policy drop; }; add rule ip g forward ct state established accept; add rule ip g forward oifname up0 accept'
must nft add rule inet f forward oifname up0 accept
dies 'nft: two chains, one cure' client forward-drop
must nft delete table ip g
gone inet

nft_table inet
must nft 'add rule inet f forward ct state established accept; add rule inet f forward ct status dnat accept'
must nft 'add table ip d; add chain ip d pre { type nat hook prerouting priority -100; }; add rule ip d pre iifname up0 icmp type echo-request dnat to 198.51.100.2'
is 'servers that may answer, and begin nothing: a note, and they are reached' \
	"$(look)/$(notes)/$(on peer ping -n -q -c 1 -W 1 -I $FAR $BOX | grep -c ' 1 received')" '/forward-drop /1'
must nft add rule inet f forward iifname cl0 oifname up0 accept
must nft delete table ip d
dies 'who may go out by the uplink' client forward-drop
gone inet

echo '# names that are more than a word in a shell'
must iptables-nft -N 'x;id'
must iptables-nft -A 'x;id' -j DROP
must iptables-nft -A FORWARD -j 'x;id'
is 'a chain: named, and no cure' "$(look)$(wc -l </run/cure)" 'forward-drop 0'
must nft delete table ip filter
_esc=$(printf 'e\033[31m')
must ip link add "$_esc" type nvi
is 'a device: named, no cure' "$(look)$(wc -l </run/cure)" 'nvi-down 0'
is 'and no terminal is told anything' "$(grep -c "$(printf '\033')" /run/doctor)" 0
must ip link del "$_esc"

echo '# the second pass'
nft_table inet
must nft add rule inet f forward iifname cl0 oifname nvi0 accept
must nft add rule inet f forward ct state established accept
dies 'nvi, of a client' client forward-drop
gone inet
must ip rule del iif cl0
must ip rule add to $FAR lookup 50 pref 50
must ip rule del iif nvi0
must ip rule add iif nvi0 lookup main pref 40
nft_table inet
must nft add rule inet f forward iifname cl0 accept
must nft add rule inet f forward ct state established accept
dies "nvi, of the box's own" box forward-drop
gone inet
must ip rule del pref 50
must ip rule add fwmark 7 lookup 50 pref 50
nft_table inet
must nft add rule inet f forward ct state established accept
must nft 'add table ip m; add chain ip m pre { type filter hook prerouting priority mangle; }; add rule ip m pre iifname cl0 ip daddr 203.0.113.0/24 meta mark set 7'
dies 'a mark that the clients have' client forward-drop forward-drop
must nft 'flush chain inet f forward; add rule inet f forward ct state established accept; add rule inet f forward iifname cl0 accept'
fine "a mark that is the clients' alone: the box's own are not looked for"
must nft 'flush table ip m; delete table ip m; add table ip m; add chain ip m out { type route hook output priority mangle; }; add rule ip m out ip daddr 203.0.113.0/24 meta mark set 7'
dies "a mark that the box's own have" box forward-drop
must nft delete table ip m
gone inet
must ip rule del pref 50
for net in 1 2 3 4 5 6 7 8 9 10; do
	printf '%s\n' "link add net$net type dummy" "link set net$net up" "addr add 10.9.$net.1/24 dev net$net"
done >/run/nets
must ip -batch /run/nets
must ip rule add to 203.0.113.0/24 lookup 50 pref 50
nft_table inet
must nft 'add rule inet f forward ct state established accept; add rule inet f forward iifname net10 accept; add rule inet f forward iifname nvi0 accept'
is 'the last one of many networks may' "$(look)" ''
gone inet
must ip rule del pref 50
sed -n 's/^link add \(net[0-9]*\).*/link del \1/p' /run/nets >/run/nets.del
must ip -batch /run/nets.del

echo '# several devices'
host guest
wire box cl1 198.51.101.1/24 guest eth0 198.51.101.2/24
must ip -n guest route add default via 198.51.101.1
both() { echo "$(heard client)$(heard guest)"; }
must ip rule add from 198.51.100.0/23 lookup 50 pref 50
nft_table inet
must nft 'add rule inet f forward ct state established accept; add rule inet f forward iifname { cl0, cl1 } oifname up0 accept'
is 'two networks: not heard' "$(both)" 00
is 'two networks: named once' "$(look)" 'forward-drop '
must sh -e /run/cure
is 'two networks: one cure, for both' "$(look)$(notes)$(both)" 11
gone inet
nft_table inet
must nft 'add rule inet f forward ct state established accept; add rule inet f forward iifname cl0 accept; add rule inet f forward oifname up0 accept'
is 'one of two networks: may be meant, a note' "$(look)/$(notes)/$(both)" '/forward-drop /10'
must nft insert rule inet f forward iifname cl1 oifname nvi0 drop
is 'by a rule of its own: is meant' "$(look)/$(notes)/$(both)" '//10'
gone inet
must ip link add up1 type dummy
must batch box 'link set up1 up' 'addr add 10.9.9.1/24 dev up1' 'route add default via 10.9.9.2 table 60' 'rule add iif nvi0 from 192.0.2.78 lookup 60 pref 30'
nft_table inet
must nft 'add rule inet f forward ct state established accept; add rule inet f forward oifname nvi0 accept'
is 'two uplinks: named' "$(look)" 'forward-drop '
must sh -e /run/cure
is 'two uplinks: one cure, for both' "$(look)$(notes)$(both)$(nft list chain inet f forward | grep -c 'oifname "up[01]" accept')" 114
must nft 'flush chain inet f forward; add rule inet f forward ct state established accept; add rule inet f forward oifname { nvi0, up0 } accept'
is 'one of two uplinks: a note' "$(look)/$(notes)/$(both)" '/forward-drop /11'
gone inet
must ip rule del pref 30
must ip route flush table 60
must ip link del up1

echo '# a protocol that is refused in its own way'
# tcp TO: 0 if a client's TCP leaves
tcp() { unhole-path "$1" from $CLIENT iif cl0 ipproto tcp sport 1024 dport 80 >/dev/null; echo $?; }
refused() {
	is "$1: named" "$(look)" 'forward-drop '
	must sh -e /run/cure
	is "$1, cured, of TCP as well" "$(look)$(both)/$(tcp $FAR)" 11/0
	is "$1: what is blocked stays so" "$(tcp 203.0.113.200)" 1
}
nft_table inet
must nft 'add chain inet f refuse; add rule inet f refuse meta l4proto tcp reject with tcp reset; add rule inet f refuse reject'
must nft 'add rule inet f forward ct state established accept; add rule inet f forward ip daddr 203.0.113.200 drop; add rule inet f forward oifname up0 accept; add rule inet f forward jump refuse'
refused 'as fw4'
gone inet
for ipt in iptables-nft iptables-legacy; do
	must $ipt -N refuse
	must $ipt -A refuse -p tcp -j REJECT --reject-with tcp-reset
	must $ipt -A refuse -p udp -j REJECT
	must $ipt -A refuse -j DROP
	must $ipt -A FORWARD -m conntrack --ctstate ESTABLISHED -j ACCEPT
	must $ipt -A FORWARD -d 203.0.113.200 -j DROP
	must $ipt -A FORWARD -o up0 -j ACCEPT
	must $ipt -A FORWARD -j refuse
	refused "$ipt, as fw3"
	must $ipt -F
	must $ipt -X
	must $ipt -A FORWARD -m conntrack --ctstate ESTABLISHED -j ACCEPT
	must $ipt -A FORWARD -d 203.0.113.200 -j DROP
	must $ipt -A FORWARD -o up0 -j ACCEPT
	must $ipt -A FORWARD -p tcp -j REJECT --reject-with tcp-reset
	must $ipt -P FORWARD DROP
	refused "$ipt, and the policy"
	must $ipt -P FORWARD ACCEPT
	must $ipt -F
	must $ipt -A FORWARD -p tcp -j REJECT --reject-with tcp-reset
	is "$ipt: TCP alone is somebody's will" "$(look)$(both)/$(tcp $FAR)" 11/1
	must $ipt -F
done

echo '# forwarding is off'
must sysctl -qw net.ipv4.ip_forward=0
is 'by a source: not heard' "$(both)" 00
is 'by a source: named' "$(look)" 'forwarding '
must sh -e /run/cure
is 'by a source: cured' "$(look)$(both)" 11
must sysctl -qw net.ipv4.conf.cl1.forwarding=0
is 'of one device: not heard' "$(both)" 10
is 'of one device: named' "$(look)" 'forwarding '
must sh -e /run/cure
is 'of one device: cured' "$(look)$(both)" 11
must ip rule del pref 50
must ip rule add fwmark 7 lookup 50 pref 50
must nft 'add table ip m; add chain ip m pre { type filter hook prerouting priority mangle; }; add rule ip m pre iifname cl0 ip daddr 203.0.113.0/24 meta mark set 7'
must sysctl -qw net.ipv4.ip_forward=0
is 'by a mark: named' "$(heard client)$(look)" '0forwarding '
must sh -e /run/cure
is 'by a mark: cured' "$(look)$(heard client)" 1
must sysctl -qw net.ipv4.ip_forward=0
must nft 'add chain ip m out { type route hook output priority mangle; }; add rule ip m out ip daddr 203.0.113.0/24 meta mark set 7'
is "the box's own have it, too: a host forwards nothing" "$(look)$(heard box)" 1
must sysctl -qw net.ipv4.ip_forward=1
must nft delete table ip m
must ip rule del pref 50
must ip -6 route add default via $PEER6
must ip -6 route add default dev nvi0 table 50
must ip -6 rule add from 2001:db8:1::/64 lookup 50 pref 50
must ip -6 rule add iif nvi0 lookup main pref 40
is 'IPv6: nothing is wrong' "$(look)" ''
must sysctl -qw net.ipv6.conf.all.forwarding=0
is 'IPv6: named' "$(look)" 'forwarding6 '
must sh -e /run/cure
is 'IPv6: cured' "$(look)" ''
must ip -6 rule del pref 50
must ip -6 rule del pref 40
must ip -6 route flush table 50
must ip -6 route del default
must ip link del cl1

echo '# rules before it'
must ip rule add iif cl0 lookup 50 pref 300
fine 'the rule leads in'
via() { unhole-path $FAR from $CLIENT iif cl0 | grep -c 'dev nvi0'; }
must ip rule add lookup main pref 5
is 'one before it takes all' "$(look)$(via)" 'dead-rule 0'
must sh -e /run/cure
is 'cured' "$(look)$(via)" 1
must ip rule del pref 4
must ip rule del pref 5
for other in 'from all iif cl0 unreachable' "from 198.51.100.0/24 iif cl0 lookup main" 'iif up0 lookup main' 'fwmark 5 lookup main' \
	'lookup main suppress_prefixlength 0' 'to 198.0.0.0/8 lookup main' 'ipproto tcp lookup main'; do
	must ip rule add $other pref 6
	is "before it: $other" "$(look)" "$(case $other in *unreachable) echo 'dead-rule ' ;; esac)"
	must ip rule del pref 6
done

echo '# routes that are gone'
must ip link set nvi0 down
must ip link set nvi0 up
is 'nvi0 was down, and its routes are gone' "$(look)$(via)" 'no-way-in 0'
must sh -e /run/cure
is 'cured' "$(look)$(via)" 1
must ip route del default table 50
must ip rule add iif up0 lookup 200
is 'two tables are empty: no cure is known' "$(look)$(wc -l </run/cure)" 'no-way-in 0'
must ip rule del lookup 200
must ip route add default dev nvi0 table 50
must ip link set nvi0 down
is 'it is down' "$(look)" 'nvi-down '
must sh -e /run/cure
is 'its cure brings them back' "$(look)$(via)" 1
must ip rule add iif nvi0 from 192.0.2.77 lookup 60 pref 30
is 'a second table without a route' "$(look)" 'no-way-out '
must ip route add default via $PEER table 60
fine 'with one'
must ip rule del pref 30
must ip route replace default dev nvi0 table 90
must ip rule del iif cl0
fine 'a route that no rule leads to'

echo '# all goes in, by main'
must ip route replace default dev nvi0
must ip route del $FAR via $PEER
is 'and is led in again' "$(look)$(heard client)" 'loop 0'
must ip rule add iif nvi0 lookup 60 pref 30
fine 'a second table has the way out'

echo '# loopback'
must ip link del nvi0
must ip rule flush
must batch box 'rule add pref 32766 lookup main' 'rule add iif cl0 lookup 50 pref 300' 'route add default dev lo table 50' \
	"route replace default via $PEER"
must sysctl -qw net.ipv4.conf.lo.accept_local=1
must nft "flush chain ip nat0 post; add rule ip nat0 post oifname lo snat to $BOX"
unhole
nft_table inet
must nft add rule inet f forward ct state established accept
dies 'lo: the first pass, then the second' client forward-drop forward-drop
