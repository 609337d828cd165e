# SPDX-License-Identifier: GPL-2.0-only
# A transparent proxy on the box serves clients and the box itself, and sees the
# address that each has asked for. The proxy's own connections go out. Without
# the hole, the box's own traffic never meets TPROXY.
# kernels: 6.1 6.12 stock
# weight: 7
topology
must sysctl -qw net.ipv4.ip_forward=1
stock_sysctls
recipe own-tproxy CLIENT_IF=cl0 PORT=80 PROXY_PORT=3129 PROXY_UID=13

# The server answers with what it is asked. The proxy adds a line of its own: who
# has asked for what.
on peer socat TCP4-LISTEN:80,bind=$FAR,fork,reuseaddr PIPE &
cat >/run/proxy.sh <<'E'
echo "$SOCAT_PEERADDR asks $SOCAT_SOCKADDR:$SOCAT_SOCKPORT"
exec setpriv --reuid 13 socat -t 2 - "TCP4:$SOCAT_SOCKADDR:$SOCAT_SOCKPORT,readbytes=6"
E
socat TCP4-LISTEN:3129,ip-transparent,fork,reuseaddr "EXEC:sh /run/proxy.sh" 2>/run/proxy.log &
wait_for 10 _listens peer t 80 || must false
wait_for 10 _listens box t 3129 || must false
capture wire peer eth0
capture client client eth0
ask() { echo hello | on "$1" timeout $((${T:-8} * ${SLOW:-1})) socat -t 4 - "TCP4:$2:80" 2>&1; }
# The server has said its last word, too: both FINs are on the wire.
_closed() { [ "$(seen wire "tcp port 80 and tcp[13] & 1 != 0")" -ge 2 ]; }

is 'a client is served by the proxy' "$(ask client $FAR)" "$CLIENT asks $FAR:80
hello"
# Also what is sent for the proxy's connection when its socket is closed.
wait_for 5 _closed
settled wire
is 'that needs no hole' "$(stat_unhole unholed)" 0
is 'the box is served by the proxy' "$(ask box $FAR)" "$BOX asks $FAR:80
hello"
at_least 'by the hole' "$(stat_unhole unholed)" 4
settled wire
settled client
is 'the server has seen two connections' "$(seen wire "dst $FAR and tcp dst port 80 and tcp[13] == 2")" 2
is 'both of the proxy, with the address of the box' "$(seen wire "src $BOX and dst $FAR and tcp dst port 80 and tcp[13] == 2")" 2
is 'the client has seen only the address that it asked for' "$(seen client "tcp and not host $FAR")" 0
check 'another port is no business of the proxy' tcp_copy box peer $FAR 5001 1

# Loopback's own traffic to that port is left alone.
socat TCP4-LISTEN:80,bind=127.0.0.1,reuseaddr EXEC:'echo local' &
wait_for 10 _listens box t 80 || must false
is 'a local server on that port' "$(ask box 127.0.0.1)" local

# Without the rule the box's own packets stay in the hole, and TPROXY sees none.
before=$(rule_packets '--mark 0x52 -m tcp') && at_least 'TPROXY has seen the packets of the box' "$before" 4
must iptables -t raw -F
T=2
ask box $FAR >/run/answer
refute 'without the rule: not served' grep -q asks /run/answer
is 'TPROXY sees none of it' "$(rule_packets '--mark 0x52 -m tcp')" "$before"
