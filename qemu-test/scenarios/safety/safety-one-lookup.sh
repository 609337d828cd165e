# SPDX-License-Identifier: GPL-2.0-only
# The mark is good for one lookup. A source-routed packet that is unholed and
# then local is looked up again, by its option: that lookup gets no exemption.
# not on: stock: it has no exemption that could be misused
# spread: no
topology
hole_local
# The second lookup is to be a local one.
unhole --allow-local
must sysctl -qw net.ipv4.conf.all.accept_source_route=1 net.ipv4.conf.lo.accept_source_route=1
# The second lookup: FAR is the box's own. The third: the option leads to PEER.
must ip rule add iif lo fwmark 0x51 lookup 80 pref 5
must ip route add local $FAR dev lo table 80
must iptables -t mangle -A PREROUTING -i lo -d $FAR -j MARK --set-mark 0x51
capture wire peer eth0
probe() { traceroute -n -4 -q 1 -w 1 -f 9 -m 9 -g $FAR -p "$1" $PEER; }

# With the sysctls that let such a packet through, it is forwarded: the path works.
must sysctl -qw net.ipv4.ip_forward=1 net.ipv4.conf.lo.accept_local=1
before=$(stat_unhole unholed)
probe 40000 >/dev/null
at_least 'the probe was unholed' $(($(stat_unhole unholed) - before)) 1
settled wire
at_least 'with the sysctls, the option leads it on' "$(seen wire "udp and src $BOX and dst $PEER")" 1
sent=$(seen wire "udp and src $BOX and dst $PEER")

for s in 'net.ipv4.ip_forward=1 net.ipv4.conf.lo.accept_local=0' \
	'net.ipv4.ip_forward=0 net.ipv4.conf.lo.accept_local=1'; do
	must sysctl -qw $s
	before=$(stat_unhole unholed)
	probe 41000 >/dev/null
	at_least "$s: the probe was unholed" $(($(stat_unhole unholed) - before)) 1
	settled wire
	is "$s: the third lookup refuses it" $(($(seen wire "udp and src $BOX and dst $PEER") - sent)) 0
done
