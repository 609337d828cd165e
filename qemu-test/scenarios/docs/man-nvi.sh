# SPDX-License-Identifier: GPL-2.0-only
# The examples of nvi(8), as they stand there: each does what it says, and none is
# left out.
# weight: 8
. /unhole/examples.sh
PAGE=nvi.8
topology
must ip addr add 192.0.2.9/24 dev up0
must ip -6 addr add 2001:db8:2::9/64 dev up0 nodad
capture wire peer eth0
clean
REQUEST='icmp[0] == 8' REQUEST6='icmp6[0] == 128'

example $PAGE nvi-clients
check 'nvi-clients: answered' pings client 2 $FAR
is 'nvi-clients: by the new source' "$(asked "$REQUEST" 192.0.2.9)" 2
must ip route del $FAR via $PEER
refute 'nvi-policy: without it the second lookup finds no route' pings client 1 $FAR -W 1
example $PAGE nvi-policy
check 'nvi-policy: answered' pings client 2 $FAR
is 'nvi-policy: by the new source' "$(asked "$REQUEST" 192.0.2.9)" 4
must iptables -t nat -F
must conntrack -F 2>/dev/null
refute 'nvi-nft: without it there is no new source, and no route' pings client 1 $FAR -W 1
example $PAGE nvi-nft
check 'nvi-nft: answered' pings client 2 $FAR
is 'nvi-nft: by the new source' "$(asked "$REQUEST" 192.0.2.9)" 6
must ip route add $FAR via $PEER
example $PAGE nvi-look
says 'nvi-look: what has come by' "$(sed 's/ *: /: /' /run/said)" 'notrack: on' 'RX: ' 'direct: 6' 'drop_no_route: 2'
example $PAGE nvi-end
refute 'nvi-end: it is gone' ip link show nvi0
clean

example $PAGE nvi-ipv6
check 'nvi-ipv6: answered' pings client 2 $FAR6
is 'nvi-ipv6: by the new source' "$(asked "$REQUEST6" 2001:db8:2::9)" 2
clean

example $PAGE nvi-own
n=$(asked "$REQUEST" $BOX)
check 'nvi-own: answered' pings box 2 $FAR
is 'nvi-own: on the wire' $(($(asked "$REQUEST" $BOX) - n)) 2
is 'nvi-own: by nvi' "$(nvi_stat nvi0 direct)" 2
clean

example $PAGE nvi-link
check 'nvi-link: it shows the link' sh -c 'ip link show nvi0 | grep -q nvi0@cl0'
is "nvi-link: with the link's MTU" "$(cat /sys/class/net/nvi0/mtu)" "$(cat /sys/class/net/cl0/mtu)"
must ip route add default dev nvi0 table 50
must ip rule add fwmark 0x50 lookup 50
must ip rule add iif nvi0 lookup main
must iptables -t mangle -A OUTPUT -d $FAR -j MARK --set-mark 0x50
must iptables -A FORWARD -i cl0 -o up0 -j ACCEPT
check "nvi-link: the box's own is answered" pings box 1 $FAR
is 'nvi-link: FORWARD sees it come in by the link' "$(rule_packets '-i cl0 -o up0')" 1
examples_done $PAGE
