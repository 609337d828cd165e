# SPDX-License-Identifier: GPL-2.0-only
# An egress with an MTU of 1280 behind the hole: UDP with DF learns the path MTU,
# UDP without is fragmented, TCP flows.
# weight: 5
topology
hole_local
unhole
stock_sysctls
must ip route replace $FAR via $PEER
must ip link add dev thin0 type veth peer name thin1
must ip link set thin1 netns peer
must ip addr add 192.0.2.65/30 dev thin0
must ip link set thin0 mtu 1280 up
must ethtool -K thin0 tso off gso off gro off tx off
must ip -n peer addr add 192.0.2.66/30 dev thin1
must ip -n peer link set thin1 up
# The first lookup sees 1500, the second finds 1280.
must ip rule add iif lo fwmark 0x1 lookup 70 pref 5
must ip route add default via 192.0.2.66 table 70
must iptables -t mangle -A PREROUTING -i lo -d $FAR -j MARK --set-mark 0x1
capture thin peer thin1

# 1372 + 28 bytes: within the first route's MTU, over the second's.
says 'DF: the sender is told the path MTU' \
	"$(ping -n -c 1 -W 3 -M "do" -s 1372 $FAR 2>&1)" 'mtu = 1280'
# (What ping says then differs: "local error: message too long, mtu=1280"; "sendmsg: Message
# too long".)
says 'DF: it has learnt it' "$(ping -n -c 1 -W 3 -M "do" -s 1372 $FAR 2>&1 | tr M m)" 'message too long'
says 'and the route shows it' "$(ip route get $FAR)" 'mtu 1280'
must ip route flush cache
says 'UDP with DF: the socket learns it' \
	"$(head -c 1372 /dev/zero | socat -u -b 1372 - UDP4:$FAR:4000,ip-mtu-discover=2 2>&1;
	   ip route get $FAR)" 'mtu 1280'
must ip route flush cache
settled thin
before=$(seen thin "udp and dst $FAR or ip[6:2] & 0x3fff != 0")
check 'UDP without DF is sent' sh -c "head -c 1372 /dev/zero | socat -u -b 1372 - UDP4:$FAR:4000,ip-mtu-discover=0"
settled thin
is 'in two fragments' $(($(seen thin "udp and dst $FAR or ip[6:2] & 0x3fff != 0") - before)) 2
is 'none over 1280 bytes' "$(seen thin 'ip[2:2] > 1280')" 0
must ip route flush cache
check 'TCP flows: 2 MiB, byte for byte' tcp_copy box peer $FAR 5001 2
settled thin
is 'and no segment is over 1280 bytes' "$(seen thin 'ip[2:2] > 1280')" 0
at_least 'segments seen' "$(seen thin 'tcp and ip[2:2] > 1000')" 1500

# A client.
must sysctl -qw net.ipv4.ip_forward=1
hole_from cl0
says 'client: with DF it is told the path MTU' \
	"$(on client ping -n -c 1 -W 3 -M "do" -s 1372 $FAR 2>&1)" 'mtu = 1280'
says 'client: it has learnt it' "$(on client ip route get $FAR)" 'mtu 1280'
must on client ip route flush cache
before=$(seen thin "ip[6:2] & 0x3fff != 0 and dst $FAR")
check 'client: without DF it is answered' on client ping -n -c 1 -W 3 -M dont -s 1372 $FAR
settled thin
is 'client: in two fragments' $(($(seen thin "ip[6:2] & 0x3fff != 0 and dst $FAR") - before)) 2
check 'client: TCP flows: 2 MiB, byte for byte' tcp_copy client peer $FAR 5002 2
