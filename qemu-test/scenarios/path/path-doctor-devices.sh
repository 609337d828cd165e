# SPDX-License-Identifier: GPL-2.0-only
# unhole-path doctor, of several devices that a rule without an input device leads into the hole:
# FORWARD drops what comes in by all of them, or by one, or goes out by one of two uplinks; it
# refuses TCP in its own way, as fw3 and fw4 do; it is not asked at all, since forwarding is off.
# One cure is for all devices and protocols. Pings are sent beside each answer.
#
#   client 198.51.100.2 --- cl0 [box] up0 --- 192.0.2.2 peer, 203.0.113.7
#   guest  198.51.101.2 --- cl1
# patches: none
# weight: 15
# timeout: 300
. /unhole/doctor.sh
topology
host guest
wire box cl1 198.51.101.1/24 guest eth0 198.51.101.2/24
must ip -n guest route add default via 198.51.101.1
must ip -n peer route replace 198.51.100.0/23 via $BOX
must sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
nvi nvi0
must batch box "route add default via $PEER" 'route add default dev nvi0 table 50' 'rule add iif nvi0 lookup main pref 40' \
	'rule add from 198.51.100.0/23 lookup 50 pref 50' 'addr add 192.0.2.77/32 dev nvi0' \
	'link add other type dummy' 'link set other up' 'addr add 10.8.0.1/24 dev other'
# Behind another device there is nobody with such a source
must sysctl -qw net.ipv4.conf.other.forwarding=0
must nft 'add table ip nat0; add chain ip nat0 post { type nat hook postrouting priority 100; }; add rule ip nat0 post oifname nvi0 masquerade'
both() { echo "$(heard client)$(heard guest)"; }
is 'nothing drops' "$(look)$(both)" 11

echo '# two networks'
nft_table inet
must nft 'add rule inet f forward ct state established accept; add rule inet f forward iifname { cl0, cl1 } oifname up0 accept; add rule inet f forward iifname other accept'
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

echo '# two uplinks'
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
must sysctl -qw net.ipv4.conf.cl1.forwarding=0 net.ipv4.conf.other.forwarding=0
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
