# SPDX-License-Identifier: GPL-2.0-only
# IPv6: an egress with an MTU of 1280 behind the hole: packets that must not be
# fragmented learn the path MTU (Packet Too Big), the box's own UDP is fragmented,
# a client fragments when it has been told, TCP flows.
# weight: 6
topology
hole_local6
hole_from6 cl0
unhole6
stock_sysctls
wire box thin0 2001:db8:5::1/64 peer thin1 2001:db8:5::2/64
must ip link set thin0 mtu 1280
must ip -n peer link set thin1 mtu 1280
must ip -n peer -6 route replace default via 2001:db8:5::1
# The first lookup sees 1500, the second finds 1280.
must ip -6 rule add iif lo fwmark 0x1 lookup 70 pref 5
must ip -6 route add default via 2001:db8:5::2 table 70
must ip6tables -t mangle -A PREROUTING -i lo -d $FAR6 -j MARK --set-mark 0x1
capture thin peer thin1

fragments='ip6 proto 44'

# 1400 + 48 bytes: within the first route's MTU, over the second's.
says 'ping: the sender is told the path MTU' \
	"$(ping -n -c 1 -W 2 -M "do" -s 1400 $FAR6 2>&1)" 'Packet too big: mtu=1280'
says 'ping: it has learnt it' "$(ping -n -c 1 -W 2 -M "do" -s 1400 $FAR6 2>&1 | tr M m)" 'message too long'
says 'and the route shows it' "$(ip -6 route get $FAR6)" 'mtu 1280'
must ip -6 route flush cache
# IPV6_MTU_DISCOVER = IPV6_PMTUDISC_DO
says 'UDP, not to be fragmented: the route learns it' \
	"$(head -c 1400 /dev/zero | socat -u -b 1400 - "UDP6:[$FAR6]:4000,setsockopt-int=41:23:2" 2>&1
	   ip -6 route get $FAR6)" 'mtu 1280'
must ip -6 route flush cache
settled thin
is 'nothing of these on the wire' "$(seen thin "src $BOX6 and (udp or icmp6[icmp6type] == 128 or $fragments)")" 0
check 'ordinary UDP is sent' sh -c "head -c 1400 /dev/zero | socat -u -b 1400 - UDP6:[$FAR6]:4000"
settled thin
is 'in two fragments: it was made here' "$(seen thin "$fragments and src $BOX6")" 2
refute 'and nothing is learnt from it' sh -c "ip -6 route get $FAR6 | grep -q mtu"
check 'TCP flows: 2 MiB, byte for byte' tcp_copy box peer $FAR6 5001 2
says 'the path MTU was learnt' "$(ip -6 route get $FAR6)" 'mtu 1280'
settled thin
at_least 'segments seen' "$(seen thin "tcp and src $BOX6 and $(longer 1000)")" 1500

# A client's packets are fragmented by the client only.
must sysctl -qw net.ipv6.conf.all.forwarding=1
says 'client: it is told the path MTU' \
	"$(on client ping -n -c 1 -W 2 -M "do" -s 1400 $FAR6 2>&1)" 'Packet too big: mtu=1280'
says 'client: it has learnt it' "$(on client ip -6 route get $FAR6)" 'mtu 1280'
check 'client: a large ping, in fragments, is answered' on client ping -n -c 1 -W 2 -s 1400 $FAR6
settled thin
is 'client: two fragments' "$(seen thin "$fragments and src $CLIENT6")" 2
must on client ip -6 route flush cache
check 'client: TCP flows: 2 MiB, byte for byte' tcp_copy client peer $FAR6 5002 2
settled thin
is 'nothing over 1280 bytes' "$(seen thin "$(longer 1280)")" 0
# Fragments carry no port: of TCP there were none.
is 'and no more fragments' "$(seen thin "$fragments and dst $FAR6")" 4
