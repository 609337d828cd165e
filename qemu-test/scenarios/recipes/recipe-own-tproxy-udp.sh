# SPDX-License-Identifier: GPL-2.0-only
# The transparent proxy with UDP: client and box are answered by the address that
# they have asked; the proxy's own questions go out. Without the rule, the box's
# never meet TPROXY. TCP beside it, and the proxy told by a mark.
topology
family "${F:-4}"
must sysctl -qw $FORWARDING=1
stock_sysctls
recipe own-tproxy$SIX CLIENT_IF=cl0 PROTO=udp PORT=53 PROXY_PORT=5353 PROXY_UID=13

# It asks the server as user 13, and answers by the address that was asked.
cat >/run/proxy.py <<'E'
import os, socket, struct, sys
six = sys.argv[1] == '6'
af, level = (socket.AF_INET6, 41) if six else (socket.AF_INET, 0)
transparent, origdst = (75, 74) if six else (19, 20)
def sock(bind=None):
    s = socket.socket(af, socket.SOCK_DGRAM)
    if bind:
        s.setsockopt(level, transparent, 1)
        s.setsockopt(level, origdst, 1)
        s.bind(bind)
    return s
server = sock(('::' if six else '0.0.0.0', 5353))
while True:
    text, control, _, who = server.recvmsg(2048, 512)
    asked = next(data for l, t, data in control if (l, t) == (level, origdst))
    address = socket.inet_ntop(af, asked[8:24] if six else asked[4:8])
    to = address, struct.unpack('!H', asked[2:4])[0]
    by_mark = os.path.exists('/run/by-mark')
    os.seteuid(0 if by_mark else 13)
    upstream = sock()
    os.seteuid(0)
    if by_mark:
        upstream.setsockopt(socket.SOL_SOCKET, socket.SO_MARK, 255)
    upstream.settimeout(5)
    try:
        upstream.sendto(text, to)
        text = upstream.recv(2048)
    except OSError as e:
        text = str(e).encode()
    sock(to).sendto(('%s asks %s:%d: ' % (who[0], *to)).encode() + text, who)
E
python3 /run/proxy.py "$F" &
udp_echo peer $FAR 53
wait_for 30 _listens box u 5353 || must false
capture wire peer eth0
capture client client eth0
# ask NS ANSWER: what the server at FAR says, as many bytes as ANSWER has.
ask() { echo hello | on "$1" timeout $((${T:-8} * ${SLOW:-1})) socat -t 8 - "UDP$F:$(_host $FAR):53,readbytes=${#2}"; }

for who in "client $CLIENT 0" "box $BOX 1"; do
	set -- $who
	want="$2 asks $FAR:53: hello"
	is "the $1 is served by the proxy" "$(ask $1 "$want")" "$want"
	is 'by the hole' "$(passed_again)" $3
done
settled wire
settled client
is 'the server was asked twice, each time by the proxy' "$(seen wire "src $BOX and dst $FAR and udp dst port 53")" 2
is 'and by nobody else' "$(seen wire "not src $BOX and udp dst port 53")" 0
is 'the client has seen only the address that it asked' "$(seen client "udp and not host $FAR")" 0

# TCP beside it, twice; its undo leaves this one. And the proxy told by its mark.
recipe own-tproxy$SIX CLIENT_IF=cl0 PORT=80
recipe own-tproxy$SIX CLIENT_IF=cl0 PORT=80
must env PORT=80 sh /unhole/recipes/own-tproxy$SIX.sh undo
recipe own-tproxy$SIX CLIENT_IF=cl0 PROTO=udp PORT=53 PROXY_PORT=5353 PROXY_MARK=255
: >/run/by-mark
for who in "client $CLIENT" "box $BOX"; do
	set -- $who
	want="$2 asks $FAR:53: hello"
	is "told by its mark: the $1 is served by the proxy" "$(ask $1 "$want")" "$want"
done
settled wire
is 'the proxy has asked the server, twice more' "$(seen wire "src $BOX and dst $FAR and udp dst port 53")" 4

# Without the rule the box's own packets stay in the hole.
if [ $FRONT = nft ]; then must ethtool --set-priv-flags "$VIA" prerouting off; else must $IPT -t raw -F; fi
T=2
is 'without the rule: no answer' "$(ask box x)" ''
settled wire
is 'nor has the server' "$(seen wire 'udp dst port 53')" 4
