# SPDX-License-Identifier: GPL-2.0-only
# An egress MTU of 1280: UDP with DF learns the path's MTU, also where SNAT to a pool
# has changed its address, UDP without DF is fragmented, TCP flows; of a client and
# of the box, in both families. A TTL that ends on the second pass is reported, too.
# patches: none
# claims: L10
# weight: 6
topology
must sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
nvi nvi0
must ip route del $FAR
must ip -6 route del $FAR6
for f in -4 -6; do
	must ip $f rule add pref 10 iif nvi0 lookup 60
	must ip $f route add default dev nvi0
done
must ip route add $FAR via $PEER table 60 mtu lock 1280
must ip -6 route add $FAR6 via $PEER6 table 60 mtu 1280
must iptables -t nat -A POSTROUTING -o nvi0 -j SNAT --to-source 203.0.113.99
must ip6tables -t nat -A POSTROUTING -o nvi0 -j SNAT --to-source 2001:db8:50::1
must ip -n peer route add 203.0.113.99 via $BOX
capture peer peer eth0
udp_echo peer $FAR 9
udp_echo peer $FAR6 9
# A datagram of 1,400 bytes that must not be fragmented, again and again until the
# socket knows better; then one that fits. Prints the error that the network has sent,
# what the next one met with, the MTU, and what the answer lacks.
cat >/run/df.py <<'EOF'
import socket, sys, time
to = sys.argv[1]
six = ':' in to
level, discover, mtu = (41, 23, 24) if six else (0, 10, 14)
s = socket.socket(socket.AF_INET6 if six else socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(level, discover, 2)
s.connect((to, 9))
s.settimeout(5)
end = time.time() + 5
while s.getsockopt(level, mtu) > 1400 and time.time() < end:
    s.send(b'x' * 1400)
    time.sleep(0.1)
print(s.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR))
try:
    s.send(b'x' * 1400)
    print('not refused')
except OSError as e:
    print(e.errno)
fits = s.getsockopt(level, mtu) - (48 if six else 28)
s.send(b'y' * fits)
print(s.getsockopt(level, mtu), fits - len(s.recv(65536)))
EOF
for ns in client box; do
	for to in $FAR $FAR6; do
		is "$ns to $to: UDP with DF hears of the path's MTU, and what fits is answered" \
			"$(on $ns python3 /run/df.py $to 2>&1 | xargs)" '90 90 1280 0'
		must on $ns ip -$(_fam $to) route flush cache
	done
	out=$(on $ns ping -n -c 2 -i 0.3 -W 2 -M 'do' -s 1400 $FAR)
	says "$ns: ICMP with DF learns the path's MTU" "$out" 'mtu = 1280'
	out=$(pings $ns 3 $FAR6 -s 1400 -i 0.3)
	says "$ns: in IPv6: only the first is lost" "$out" '2 received'
	check "$ns: without DF: fragmented" pings $ns 2 $FAR -M dont -s 1400
	speaks "$ns" $ns peer $FAR
	speaks "$ns, IPv6" $ns peer $FAR6
done
settled peer
is 'nothing over 1280 bytes is on the wire' "$(seen peer "$(longer 1280) and (src 203.0.113.99 or src 2001:db8:50::1)")" 0
out=$(on client ping -n -c 1 -W 2 -t 2 $FAR)
says 'a TTL that ends on the second pass: the client hears of it' "$out" 'exceeded' '+1 errors'
out=$(pings client 1 $FAR6 -t 2)
says 'in IPv6 as well' "$out" '+1 errors'
