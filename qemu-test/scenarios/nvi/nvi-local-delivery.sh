# SPDX-License-Identifier: GPL-2.0-only
# A second lookup that is local: INPUT sees nvi0, never lo, whatever the sender.
# The box's own TCP to itself that way: its segments must not meet its own locks.
# patches: none
# claims: L10
# spread: no
topology
must sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
nvi nvi0
# As VRFs have it: table local comes after the rule that leads to nvi0.
for f in -4 -6; do
	must ip $f rule add pref 20 fwmark 0x50 lookup 50
	must ip $f rule add pref 100 lookup local
	must ip $f rule del pref 0
	must ip $f route add default dev nvi0 table 50
done
for t in iptables ip6tables; do
	must $t -A INPUT -i lo -m comment --comment lo -j ACCEPT
	must $t -A INPUT -i nvi0 -m comment --comment nvi
done
# By a mark, since ARP asks the routes of its interface, too.
must iptables -t mangle -A PREROUTING -i cl0 -d $BOX -j MARK --set-mark 0x50
must ip6tables -t mangle -A PREROUTING -i cl0 -d $BOX6 -j MARK --set-mark 0x50
for t in iptables ip6tables; do
	must $t -t mangle -A POSTROUTING -o nvi0 -j MARK --set-mark 0
done
check 'the client reaches the box' pings client 3 $BOX
is 'INPUT sees nvi0' "$(rule_packets 'comment nvi')" 3
check 'the client reaches the box, IPv6' pings client 3 $BOX6
is 'INPUT sees nvi0' "$(rule_packets 'comment nvi' ip6tables)" 3
is 'and never lo' "$(rule_packets 'comment lo') $(rule_packets 'comment lo' ip6tables)" '0 0'
is 'they went by the receive path' "$(nvi_stat nvi0 rx_local)" 6
must iptables -A INPUT -j DROP
must ip6tables -A INPUT -p icmpv6 --icmpv6-type echo-request -j DROP
refute 'a firewall that trusts lo does not let it in' pings client 1 $BOX
refute 'nor in IPv6' pings client 1 $BOX6
must iptables -F INPUT
must ip6tables -F INPUT

# Both ends on the box, both directions through nvi0. Their sockets know the route
# that has no mark, which is lo's, and its MTU.
must ip link set nvi0 mtu 65535
must iptables -t mangle -A OUTPUT -p tcp -d $BOX -j MARK --set-mark 0x50
must iptables -t mangle -A OUTPUT -p tcp -d $BOXCL -j MARK --set-mark 0x50
before=$(nvi_stat nvi0 rx_local)
check "the box's TCP to itself, byte for byte" tcp_copy box box $BOX 5001 2
at_least 'all of it through nvi0' $(($(nvi_stat nvi0 rx_local) - before)) 30
# Retransmission comes from a timer that holds the socket's lock.
must iptables -I INPUT -i nvi0 -p tcp --dport 5003 --tcp-flags SYN SYN -m comment --comment syn -m statistic --mode nth --every 2 --packet 0 -j DROP
rm -f /run/data
check 'a SYN that is lost is sent again by its timer' tcp_copy box box $BOX 5003 1
is 'one was lost, one was not' "$(rule_packets 'comment syn')" 1
# A reset is sent by a socket of the CPU's own.
before=$(nvi_stat nvi0 rx_local)
refute 'a closed port resets' on box timeout 5 socat -u OPEN:/dev/null TCP4:$BOX:5009
is 'its reset came by nvi0, too' $(($(nvi_stat nvi0 rx_local) - before)) 2
