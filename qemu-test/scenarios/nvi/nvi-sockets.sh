# SPDX-License-Identifier: GPL-2.0-only
# The box's own packets keep their socket through nvi0, in both families: a slow uplink
# holds it back, and it hears when its packets leave (transmit timestamps).
# patches: none
# claims: L10
# weight: 4
topology
must sysctl -qw net.ipv6.conf.all.forwarding=1
nvi nvi0
for f in -4 -6; do
	must ip $f rule add fwmark 0x50 lookup 50
	must ip $f rule add iif nvi0 lookup main
done
must ip route add default dev nvi0 table 50 src $BOX
must ip -6 route add default dev nvi0 table 50 src $BOX6
must on peer iptables -A INPUT -p udp -j DROP
must on peer ip6tables -A INPUT -p udp -j DROP
# Without IPv6 neighbour discovery of the moment; then an uplink that sends next to nothing.
must pings box 1 $FAR
must pings box 1 $FAR6
cat >/run/own.py <<'EOF'
import socket, struct, sys, time
to, mark, what = sys.argv[1], int(sys.argv[2]), sys.argv[3]
s = socket.socket(socket.AF_INET6 if ':' in to else socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.SOL_SOCKET, 36, mark)
s.connect((to, 9))
if what == 'stamps':
    s.setsockopt(socket.SOL_SOCKET, 37, 1 << 1 | 1 << 4) # of software, at transmission
    s.settimeout(10)
    for i in range(3):
        s.send(b'x')
    n, end = 0, time.time() + 3
    while n < 3 and time.time() < end:
        try:
            _, anc, _, _ = s.recvmsg(2000, 2000, socket.MSG_ERRQUEUE)
            n += any(l == socket.SOL_SOCKET and t == 37 for l, t, _ in anc)
        except BlockingIOError:
            time.sleep(0.01)
    print(n)
else:
    s.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 20000)
    s.setblocking(False)
    n = 0
    try:
        while n < 500:
            s.send(b'x' * 1000)
            n += 1
    except BlockingIOError:
        pass
    print('held back' if n < 100 else 'never held back')
EOF
for to in $FAR $FAR6; do
	is "$to, plain: transmit timestamps" "$(python3 /run/own.py $to 0 stamps)" 3
	is "$to, nvi: transmit timestamps" "$(python3 /run/own.py $to 80 stamps)" 3
done
must tc qdisc add dev up0 root tbf rate 64kbit burst 2k limit 8m
for to in $FAR $FAR6; do
	is "$to, plain: a slow uplink" "$(python3 /run/own.py $to 0 full)" 'held back'
	is "$to, nvi: a slow uplink" "$(python3 /run/own.py $to 80 full)" 'held back'
done
must tc qdisc del dev up0 root
at_least 'by nvi0, directly' "$(nvi_stat nvi0 direct)" 20
is 'and not by the receive path' "$(nvi_stat nvi0 rx_context)" 0
