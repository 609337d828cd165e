# SPDX-License-Identifier: GPL-2.0-only
# unhole-path doctor, what keeps packets from the hole, or from coming out of it: a policy or a
# rule of FORWARD, on the first pass and on the second, of both front ends; a rule that takes
# all of it before; routes that went with their device. Each is named, and the cure works
# when typed; what some packets are dropped by is no fault. Pings are sent beside each answer.
# patches: none
# weight: 60
# timeout: 300
. /unhole/doctor.sh
topology
must ip -n peer route replace 198.51.100.0/24 via $BOX
must sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
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
