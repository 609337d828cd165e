# SPDX-License-Identifier: GPL-2.0-only
# The mark is good for one lookup. A packet with a segment routing header (RFC 8754)
# that is unholed and then local, which takes --allow-local, is looked up again for its
# next segment: that lookup gets no exemption.
# not on: stock: it has no exemption that could be misused
# spread: no
topology
hole_local6
unhole6 --allow-local
must sysctl -qw net.ipv6.conf.all.seg6_enabled=1 net.ipv6.conf.lo.seg6_enabled=1
# The second lookup: FAR6 is the box's own. The third: the next segment is PEER6.
must ip -6 rule add iif lo fwmark 0x51 lookup 80 pref 5
must ip -6 route add local $FAR6 dev lo table 80
must ip6tables -t mangle -A PREROUTING -i lo -d $FAR6 -j MARK --set-mark 0x51
cat >/run/probe.py <<'EOF'
import socket, struct, sys
box, far, peer = (socket.inet_pton(socket.AF_INET6, a) for a in sys.argv[1:4])
udp = struct.pack("!HHHH", 4000, int(sys.argv[4]), 8, 0)
# Next header UDP, 4 units of 8 bytes, type 4, one segment left, last entry 1.
srh = struct.pack("!BBBBBBH", 17, 4, 4, 1, 1, 0, 0) + peer + far
ip = struct.pack("!IHBB", 6 << 28, len(srh) + len(udp), 43, 9) + box + far
s = socket.socket(socket.AF_INET6, socket.SOCK_RAW, 255)
s.sendto(ip + srh + udp, (sys.argv[2], 0))
EOF
probe() { must python3 /run/probe.py $BOX6 $FAR6 $PEER6 "$1"; }
capture wire peer eth0
led="ip6 src $BOX6 and dst $PEER6 and ip6[6] == 43"

# With forwarding on, such a packet is led on: the path works.
must sysctl -qw net.ipv6.conf.all.forwarding=1
before=$(stat_unhole unholed)
probe 40000
is 'the probe was unholed' $(($(stat_unhole unholed) - before)) 1
settled wire
is 'with forwarding on, the header leads it on' "$(seen wire "$led")" 1

must sysctl -qw net.ipv6.conf.all.forwarding=0
before=$(stat_unhole unholed)
probe 41000
is 'with it off: the probe was unholed' $(($(stat_unhole unholed) - before)) 1
settled wire
is 'with it off: the third lookup refuses it' "$(seen wire "$led")" 1
