# SPDX-License-Identifier: GPL-2.0-only
# What a virtual device owes its users: statistics, ethtool, MTU, carrier, a qdisc
# and tc on it, its name; bad input is refused with a reason, and the module stays
# as long as a device does.
# claims: L10
# weight: 5
topology
must sysctl -qw net.ipv4.ip_forward=1
nvi nvi0
must ip rule add iif cl0 lookup 50
must ip route add default dev nvi0 table 50
must ip rule add iif nvi0 lookup main
is 'ethtool -i' "$(ethtool -i nvi0 | sed -n 's/^driver: //p')" nvi
says 'ip -d link' "$(ip -d link show nvi0)" NOARP POINTOPOINT 'link/none' ' nvi '
says 'ethtool -k' "$(ethtool -k nvi0)" 'tcp-segmentation-offload: on' 'tx-checksumming: on' 'generic-segmentation-offload: on' 'scatter-gather: on'
check 'an offload can be turned off' ethtool -K nvi0 tso off
check 'and on' ethtool -K nvi0 tso on

stats() { ip -s -o link show nvi0 | sed 's/.*RX: [^\\]*\\ *\([0-9]*\) *\([0-9]*\).*TX: [^\\]*\\ *\([0-9]*\) *\([0-9]*\).*/\1 \2 \3 \4/'; }
must sysctl -qw net.ipv6.conf.nvi0.disable_ipv6=1
# shellcheck disable=SC2046 # numbers
set -- $(stats)
check 'a client is answered' pings client 5 $FAR
rxb=$1 rx=$2 txb=$3 tx=$4
# shellcheck disable=SC2046 # numbers
set -- $(stats)
is 'ip -s link: sent, packets and bytes' "$(($4 - tx)) $(($3 - txb))" '5 420'
is 'ip -s link: received' "$(($2 - rx)) $(($1 - rxb))" '5 420'

# MTU: the path's, not the device's, is what senders hear of, unless it is smaller.
must ip link set nvi0 mtu 1300
out=$(on client ping -n -c 1 -W 2 -M 'do' -s 1300 $FAR)
says "the device's MTU" "$out" 'mtu = 1300'
refute 'an MTU below 68 is refused' ip link set nvi0 mtu 60
refute 'and above 65535' ip link set nvi0 mtu 65536
must ip link set nvi0 mtu 1500
on client ip route flush cache

must ip link set nvi0 carrier off
# (The kernel tells of it from a worker, by and by: linkwatch.)
no_carrier() { ip link show nvi0 | grep -q NO-CARRIER; }
check 'carrier off' wait_for 5 no_carrier
is 'ethtool knows' "$(ethtool nvi0 2>/dev/null | sed -n 's/.*Link detected: //p')" no
must ip link set nvi0 carrier on
check 'carrier on again: answered' pings client 1 $FAR

must tc qdisc add dev nvi0 root pfifo limit 100
check 'through a qdisc' pings client 3 $FAR
is 'which has seen them' "$(tc -s qdisc show dev nvi0 | sed -n 's/.* \([0-9]*\) pkt .*/\1/p')" 3
must tc qdisc del dev nvi0 root
must tc qdisc add dev nvi0 clsact
must tc filter add dev nvi0 egress protocol ip u32 match ip dst $FAR/32 action drop
refute 'tc on its egress drops' pings client 2 $FAR -W 1
must tc qdisc del dev nvi0 clsact
speaks 'afterwards' client peer $FAR

refute 'a second device of that name' ip link add nvi0 type nvi
is 'is refused by the kernel' "$(ip link add nvi0 type nvi 2>&1)" 'RTNETLINK answers: File exists'
ip link add nviX address 02:00:00:00:00:01 type nvi 2>/run/err
says 'an address: refused, and why' "$(cat /run/err)" 'no link layer address'
cat >/run/attr.py <<'EOF'
import socket, struct, sys
def attr(t, d): return struct.pack("HH", 4 + len(d), t) + d + b"\0" * (-len(d) % 4)
info = attr(18 | 0x8000, attr(1, b"nvi\0") + attr(2 | 0x8000, attr(1, struct.pack("I", 7))))
body = struct.pack("BxHiII", 0, 0, 0, 0, 0) + attr(3, b"nviX\0") + info
s = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
s.setsockopt(270, 11, 1)
s.send(struct.pack("IHHII", 16 + len(body), 16, 0x605, 1, 0) + body)
r = s.recv(4096)
print(struct.unpack_from("i", r, 16)[0], r[20:].decode("latin1"))
EOF
says 'an attribute that it does not know: EINVAL, and why' "$(python3 /run/attr.py)" '-22' 'nvi has no attributes'
refute 'nothing is left of what was refused' ip link show nviX
refute 'a priv flag that it does not know' ethtool --set-priv-flags nvi0 what on

rmmod nvi 2>/run/err
says 'the module stays while a device does' "$(cat /run/err)" 'in use'
check 'and the device' ip link show nvi0
must ip link add nvi1 type nvi
must ip link set nvi1 name another
must ip link del another
must ip link del nvi0
check 'without devices it goes' wait_for 5 rmmod nvi
check 'and comes back with "ip link add"' ip link add nvi0 type nvi
