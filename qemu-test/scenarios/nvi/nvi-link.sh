# SPDX-License-Identifier: GPL-2.0-only
# "link": what stands for the receive interface. It is in nvi's own namespace, or
# refused; moving either away, or deleting it, drops it, and traffic goes on with the
# true receive interface. The other namespace's FORWARD chain never runs.
# claims: L10
# spread: no
host client2 other
topology
wire box cl2 10.8.0.1/24 client2 eth0 10.8.0.2/24
must ip -n client2 route add default via 10.8.0.1
must sysctl -qw net.ipv4.ip_forward=1
must ip link add dum0 type dummy
must ip link set dum0 up mtu 1400
nvi nvi0 dum0
is 'the link is shown' "$(ip -o link show nvi0 | grep -o 'nvi0@[a-z0-9]*')" nvi0@dum0
is 'its MTU is taken' "$(cat /sys/class/net/nvi0/mtu)" 1400
must ip link set nvi0 mtu 1500
must ip rule add iif cl2 lookup 50
must ip rule add fwmark 0x50 lookup 50
must ip route add default dev nvi0 table 50
must ip rule add iif nvi0 lookup main
must iptables -t nat -A POSTROUTING -o nvi0 -j SNAT --to-source $BOX
must iptables -t mangle -A OUTPUT -d $FAR -j MARK --set-mark 0x50
must iptables -t mangle -A POSTROUTING -o nvi0 -j MARK --set-mark 0
for i in dum0 cl2 nvi0; do
	must iptables -A FORWARD -i $i -o up0 -m comment --comment via-$i
done
on other iptables -A FORWARD -m comment --comment other
by() { rule_packets "comment via-$1"; }
check 'a client' pings client2 2 $FAR
check 'and the box' pings box 2 $FAR
is 'come in by the link, as FORWARD sees it' "$(by dum0)" 4
must ip link set dum0 netns other
is 'the link has gone' "$(ip -o link show nvi0 | grep -c '@')" 0
check 'the client goes on' pings client2 2 $FAR
check 'and the box' pings box 2 $FAR
is 'by its own interface' "$(by cl2)" 2
is 'and by nvi0' "$(by nvi0)" 2
is "the other namespace's FORWARD has seen nothing" "$(on other iptables-save -c | grep -c '^\[0:0\].*comment other')" 1

must ip link add dum1 type dummy
must ip link add link dum1 name nvi1 type nvi
is 'another one' "$(ip -o link show nvi1 | grep -o 'nvi1@[a-z0-9]*')" nvi1@dum1
must ip link del dum1
is 'whose link is deleted' "$(ip -o link show nvi1 | grep -c '@')" 0
must ip link add dum2 type dummy
must ip link add link dum2 name nvi2 type nvi
must ip link set nvi2 netns other
is 'one that leaves its link behind' "$(ip -n other -o link show nvi2 | grep -c '@')" 0
# It works where it is now.
wire other up1 10.10.0.1/24 peer eth1 10.10.0.2/24
must ip -n peer addr add 10.10.9.9/32 dev lo
must ip -n other link set nvi2 up
must ip -n other route add 10.10.9.9 dev nvi2
refute 'moved: the second lookup is of its new namespace' pings other 1 10.10.9.9 -W 0.3
must ip -n other rule add pref 10 iif nvi2 lookup 60
must ip -n other route add 10.10.9.9 via 10.10.0.2 table 60
was=$(on other ethtool -S nvi2 | awk '$1 == "direct:" { print $2 }')
check 'moved: answered' pings other 2 10.10.9.9
is 'moved: through it' $(($(on other ethtool -S nvi2 | awk '$1 == "direct:" { print $2 }') - was)) 2

ip link add link lo name nviX type nvi 2>/run/err
says 'loopback as the link: refused, and why' "$(cat /run/err)" 'not loopback'
ip link add link nvi0 name nviX type nvi 2>/run/err
says 'an nvi device as the link: refused, and why' "$(cat /run/err)" 'nor an nvi device'
ip -n other link add link-netns box link dum0 name nviX type nvi 2>/run/err ||
	ip link add link cl0 name nviX netns other type nvi 2>/run/err
says 'a link in another namespace: refused, and why' "$(cat /run/err)" 'in the namespace'
ip link add link if9999 name nviX type nvi 2>/run/err
says 'a link that does not exist: refused, and why' "$(cat /run/err)" 'link does not exist'
ip link add link nosuch name nviX type nvi 2>/run/err
says 'a name that does not exist: refused' "$(cat /run/err)" 'nosuch'
refute 'nothing is left of what was refused' ip link show nviX
refute 'nor there' ip -n other link show nviX
