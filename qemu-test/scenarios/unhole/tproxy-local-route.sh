# SPDX-License-Identifier: GPL-2.0-only
# Plain Linux has a transparent proxy for the box's own traffic without a second lookup: a
# mark leads to "local default dev lo", and TPROXY sees the packets on lo. That works
# beside the patches, and the UNHOLE rule leaves it alone: TCP and UDP, of a client and of
# the box, in both families, without the rule and with it, with as many packets on lo.
# weight: 9
topology
modprobe -a xt_UNHOLE xt_TPROXY 2>/dev/null || :
must sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
# The proxies answer with what they were asked for, themselves.
cat >/run/udp.py <<'P'
import socket, struct, sys
six = sys.argv[1] == '6'
family, level, transparent, recv = (socket.AF_INET6, 41, 75, 74) if six else (socket.AF_INET, 0, 19, 20)
s = socket.socket(family, socket.SOCK_DGRAM)
s.setsockopt(level, transparent, 1)
s.setsockopt(level, recv, 1)
s.bind(('', 3153))
while True:
    data, extra, _, source = s.recvmsg(2048, 256)
    for _, kind, value in extra:
        if kind == recv:
            port, = struct.unpack('!H', value[2:4])
            to = socket.inet_ntop(family, value[8:24] if six else value[4:8])
            r = socket.socket(family, socket.SOCK_DGRAM)
            r.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            r.setsockopt(level, transparent, 1)
            r.bind((to, port))
            r.sendto(('%s %d' % (to, port)).encode(), source)
            r.close()
P
cat >/run/tcp.py <<'P'
import socket, sys
six = sys.argv[1] == '6'
s = socket.socket(socket.AF_INET6 if six else socket.AF_INET)
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.setsockopt(*((41, 75, 1) if six else (0, 19, 1)))
if six:
    s.setsockopt(41, 26, 1)
s.bind(('', 3129))
s.listen(9)
while True:
    c, _ = s.accept()
    c.send(('%s %d' % c.getsockname()[:2]).encode())
    c.close()
P
for f in 4 6; do
	python3 /run/udp.py $f &
	udp=$!
	python3 /run/tcp.py $f &
	tcp=$!
	wait_for 20 _listens box u 3153 || must false
	wait_for 20 _listens box t 3129 || must false
	family $f
	must $IP route add local default dev lo table 100
	must $IP rule add fwmark 1 lookup 100
	for p in 'tcp 80 3129' 'udp 53 3153'; do
		set -- $p
		for i in cl0 lo; do
			must $IPT -t mangle -A PREROUTING -i $i -d $FAR -p $1 --dport $2 -j TPROXY --on-port $3 --tproxy-mark 1
		done
		must $IPT -t mangle -A OUTPUT -d $FAR -p $1 --dport $2 -j MARK --set-mark 1
	done
	for rule in without with; do
		[ $rule = without ] || must $IPT -t raw -A PREROUTING -i lo -j UNHOLE
		what="IPv$F, $rule the rule"
		unholed=$(stat_unhole unholed) genuine=$(stat_unhole genuine)
		for who in client box; do
			before=$(rx lo)
			# The question is as long as the answer: udp_ask reads no further.
			is "$what, $who: UDP" "$(udp_ask $who $FAR 53 "$FAR ??")" "$FAR 53"
			[ $who = client ] && n=0 || n=2
			is "$what, $who: packets on lo" $(($(rx lo) - before)) $n
			is "$what, $who: TCP" "$(on $who timeout $((5 * ${SLOW:-1})) socat -u "TCP$F:$(_host $FAR):80,connect-timeout=$((3 * ${SLOW:-1}))" -)" "$FAR 80"
		done
		is "$what: nothing is unholed" $(($(stat_unhole unholed) - unholed)) 0
		[ $rule = without ] || at_least "$what: it was met, and passed over" $(($(stat_unhole genuine) - genuine)) 8
	done
	kill $udp $tcp
	wait $udp $tcp 2>/dev/null
done
