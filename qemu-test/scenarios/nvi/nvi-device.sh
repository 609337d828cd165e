# SPDX-License-Identifier: GPL-2.0-only
# What a virtual device owes its users: statistics, ethtool, MTU, carrier, a qdisc
# and tc on it, its name; bad input is refused with a reason, and the module stays
# as long as a device does.
# claims: L10
# weight: 5
# spread: no
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
# What iproute2 does not know: "new NAME TYPE=VALUE...", "change", "get" by netlink. Prints
# the error and the reason, or the attributes.
cat >/run/attr.py <<'EOF'
import socket, struct, sys
def attr(t, d): return struct.pack("HH", 4 + len(d), t) + d + b"\0" * (-len(d) % 4)
def attrs(d):
    found = {}
    while len(d) >= 4:
        n, t = struct.unpack_from("HH", d)
        found[t & 0x3fff] = d[4:n]
        d = d[n + 3 & ~3:]
    return found
what, name = sys.argv[1:3]
data = b"".join(attr(int(a.split("=")[0]), bytes([int(a.split("=")[1])])) for a in sys.argv[3:])
body = struct.pack("BxHiII", 0, 0, 0, 0, 0) + attr(3, name.encode() + b"\0")
if what != "get":
    body += attr(18 | 0x8000, attr(1, b"nvi\0") + attr(2 | 0x8000, data))
kind, flags = {"new": (16, 0x605), "change": (16, 5), "get": (18, 1)}[what]
s = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
s.setsockopt(270, 11, 1)
s.send(struct.pack("IHHII", 16 + len(body), kind, flags, 1, 0) + body)
r = s.recv(65536)
if what == "get":
    info = attrs(attrs(r[32:])[18])
    print(*["%d=%d" % (t, d[0]) for t, d in attrs(info[2]).items()])
else:
    print(struct.unpack_from("i", r, 16)[0], r[20:].decode("latin1"))
EOF
link() { python3 /run/attr.py "$@" | tr -d '\000'; }
flags() { ethtool --show-priv-flags "$1" | sed -n 's/ *: /=/p' | tr '\n' ' '; }
says 'an attribute that it does not know: EINVAL, and why' "$(link new nviX 7=1)" '-22' 'nvi has no such attribute'
says 'a value that is no switch' "$(link new nviX 1=2)" '-34' 'out of range'
says 'two that do not go together' "$(link new nviX 3=1)" '-22' 'reset-ct wants prerouting'
is 'a name that the kernel refuses late, with prerouting' "$(link new default 2=1 | cut -d' ' -f1)" -22
refute 'nothing is left of what was refused' ip link show nviX
is 'made with prerouting and reset-ct' "$(link new nviX 2=1 3=1 | cut -d' ' -f1)" 0
is 'netlink says so' "$(link get nviX)" '1=0 2=1 3=1'
is 'and ethtool' "$(flags nviX)" 'notrack=off prerouting=on reset-ct=on '
says 'changed: refused, and why' "$(link change nviX 2=0)" '-22' 'reset-ct wants prerouting'
is 'and is as it was' "$(link get nviX)" '1=0 2=1 3=1'
is 'changed' "$(link change nviX 1=1 3=0 | cut -d' ' -f1)" 0
is 'what is not named stays' "$(link get nviX) $(flags nviX)" '1=1 2=1 3=0 notrack=on prerouting=on reset-ct=off '
must ethtool --set-priv-flags nviX notrack off prerouting off
is 'what ethtool changes, netlink says' "$(link get nviX)" '1=0 2=0 3=0'
must ip link del nviX
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
