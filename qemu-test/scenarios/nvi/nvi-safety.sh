# SPDX-License-Identifier: GPL-2.0-only
# What was not routed to nvi0 is not forwarded by it: a packet socket's frames, what
# tc redirects to it. Multicast, broadcast and neighbour discovery end in silence.
# 127/8 does not leave, whatever route_localnet says.
# patches: none
# claims: L10
# spread: no
topology
nvi nvi0
must ip addr add 10.9.9.1/24 dev nvi0
for f in -4 -6; do
	must ip $f route add default dev nvi0 table 50
	must ip $f rule add fwmark 0x50 lookup 50
	must ip $f rule add iif nvi0 lookup main
done
must iptables -t mangle -A POSTROUTING -o nvi0 -j MARK --set-mark 0
capture peer peer eth0
capture client client eth0
dropped() { nvi_stat nvi0 "drop_$1"; }

# A datagram from 10.0.0.1, which nobody here has.
cat >/run/inject.py <<'EOF'
import socket
s = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, 0)
p = bytes.fromhex("4500001c00010000401162b60a000001cb71000714e914e900080000")
for i in range(5):
    s.sendto(p, ("nvi0", 0x0800))
EOF
for fwd in 0 1; do
	must sysctl -qw net.ipv4.ip_forward=$fwd net.ipv6.conf.all.forwarding=$fwd
	was=$(dropped no_dst)
	check "forwarding $fwd: a packet socket sends on nvi0" \
		python3 /run/inject.py
	wait_for 5 test "$(dropped no_dst)" -ge $((was + 5))
	is "forwarding $fwd: all are dropped and counted" $(($(dropped no_dst) - was)) 5
done
must tc qdisc add dev cl0 clsact
must tc filter add dev cl0 ingress protocol ip u32 match ip dst $FAR/32 action mirred egress redirect dev nvi0
was=$(dropped no_dst)
refute 'what tc redirects is not forwarded' pings client 2 $FAR -W 1
is 'but dropped and counted' $(($(dropped no_dst) - was)) 2
must tc qdisc del dev cl0 clsact
settled peer
is 'none of all that is on the wire' "$(seen peer 'ip and not arp')" 0

# What the kernel says to groups by itself, at any time, is not to be counted.
must iptables -A OUTPUT -o nvi0 -p igmp -j DROP
must ip6tables -A OUTPUT -o nvi0 -p icmpv6 -j DROP
ends() { # WHAT SOCAT-ADDRESS
	was=$(dropped multicast)
	check "$1: sent" socat -u OPEN:/etc/hostname "$2"
	is "$1: ends in silence, counted" $(($(dropped multicast) - was)) 1
}
ends multicast UDP4-SENDTO:224.0.0.251:5353,ip-multicast-if=10.9.9.1
ends 'multicast, IPv6' 'UDP6-SENDTO:[ff02::fb%nvi0]:5353'
must ip route add broadcast 10.9.9.255 dev nvi0 table 50
ends broadcast UDP4-SENDTO:255.255.255.255:5353,broadcast,so-bindtodevice=nvi0
# Broadcast by the second lookup.
must ip route add broadcast 203.0.113.255 dev up0 table main
must ip rule add pref 4 iif nvi0 lookup main
must ip rule add pref 5 to 203.0.113.255 lookup 50
was=$(dropped multicast)
socat -u OPEN:/etc/hostname UDP4-SENDTO:203.0.113.255:5353,broadcast || :
is 'a broadcast of the second lookup, too' $(($(dropped multicast) - was)) 1

# kube-proxy sets this.
must sysctl -qw net.ipv4.conf.all.route_localnet=1
must iptables -t mangle -A OUTPUT -d $FAR -j MARK --set-mark 0x50
was=$(dropped martian)
socat -u OPEN:/etc/hostname UDP4-SENDTO:$FAR:5353,bind=127.0.0.1 || :
is 'a source in 127/8 is dropped' $(($(dropped martian) - was)) 1
was=$(dropped martian)
must ip route del local 127.0.0.0/8 dev lo table local
must ip route add 127.9.9.9 dev nvi0
must iptables -t nat -A POSTROUTING -o nvi0 -d 127.9.9.9 -j SNAT --to-source $BOX
socat -u OPEN:/etc/hostname UDP4-SENDTO:127.9.9.9:5353 || :
is 'a destination in 127/8 as well' $(($(dropped martian) - was)) 1
settled peer
settled client
is 'none of all that is on the wire' "$(seen peer 'udp port 5353 and ip') $(seen client 'udp port 5353 and ip')" '0 0'
