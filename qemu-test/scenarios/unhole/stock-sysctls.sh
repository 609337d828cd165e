# SPDX-License-Identifier: GPL-2.0-only
# On an unpatched kernel a host stays a host: what README sets for the box's own IPv4
# traffic does not make it a router, and what it sets for IPv6 keeps the default route
# that it has learned by a router advertisement.
# not on: patched: no sysctl is wanted there
# spread: no
topology
must ip link add w0 type veth peer name w1 netns peer
must sysctl -qw net.ipv6.conf.w0.accept_ra=1
must ip link set w0 up
must ip -n peer link set w1 up
# A router advertisement: lifetime 1800, no options.
cat >/run/ra.py <<'EOT'
import socket, struct
s = socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6)
s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, 255)
s.sendto(struct.pack('!BBHBBHII', 134, 0, 0, 64, 0, 1800, 0, 0), ('ff02::1', 0, 0, socket.if_nametoindex('w1')))
EOT
learned() { ip -6 route show default proto ra | grep -c 'dev w0'; }
_learns() { on peer python3 /run/ra.py && [ "$(learned)" = 1 ]; }
check 'a router advertisement gives the box a default route' wait_for 20 _learns
forwards() { cat "/proc/sys/net/$1/conf/$2/forwarding"; }

hole_local
unhole
refute 'nothing set: the way through the hole is closed' pings box 1 $FAR -W 1
recipe stock-sysctls
check "own: the box's own traffic goes through the hole" pings box 2 $FAR
is 'own: what comes in by a NIC is not forwarded' "$(forwards ipv4 cl0) $(cat /proc/sys/net/ipv4/ip_forward)" '0 0'
refute 'own: the client has no way' pings client 1 $PEER -W 1
is 'own: IPv6 is as it was' "$(forwards ipv6 all) $(learned)" '0 1'

must ip -6 nexthop add id 50 dev lo
must ip -6 route add default nhid 50 table 60
must ip -6 rule add fwmark 0x50 lookup 60
must ip6tables -t mangle -A OUTPUT -d $FAR6 -j MARK --set-mark 0x50
must ip6tables -t mangle -A PREROUTING -i lo -j MARK --set-mark 0
unhole6
refute 'nothing set: the way through the IPv6 hole is closed' pings box 1 $FAR6 -W 1
# What the doctor says is the same.
cure='sysctl -w net/ipv6/conf/w0/accept_ra=2 net.ipv6.conf.all.forwarding=1'
[ ! -e /proc/sys/net/ipv6/conf/lo/force_forwarding ] || cure='sysctl -w net.ipv6.conf.lo.force_forwarding=1'
is "the doctor's cure" "$(unhole-path doctor | sed -n 's/.*\(sysctl -w .*ipv6.*forwarding=1\).*/\1/p')" "$cure"
recipe stock-sysctls FOR=own6
check "own6: the box's own traffic goes through the hole" pings box 2 $FAR6
is 'own6: the learned default route stays' "$(learned)" 1
if [ -e /proc/sys/net/ipv6/conf/lo/force_forwarding ]; then
	is 'own6: lo alone forwards' "$(forwards ipv6 all) $(cat /proc/sys/net/ipv6/conf/lo/force_forwarding)" '0 1'
	ra=1
else
	ra=2
fi
is 'own6: accept_ra, of that device alone' "$(cat /proc/sys/net/ipv6/conf/w0/accept_ra) $(cat /proc/sys/net/ipv6/conf/cl0/accept_ra)" "$ra 1"
is 'own6: IPv4 is as it was' "$(forwards ipv4 cl0)" 0
check 'own6: and it is learned again' wait_for 20 _learns

recipe stock-sysctls FOR='clients clients6'
check 'clients: they are forwarded' pings client 2 $PEER
check 'clients6: they are forwarded' pings client 2 $PEER6
says 'the module says what it wants' "$(dmesg | grep 'xt_UNHOLE: this kernel')" \
	net.ipv4.conf.lo.accept_local=1 net.ipv4.conf.lo.forwarding=1 net.ipv6.conf.all.forwarding=1
