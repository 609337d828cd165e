# SPDX-License-Identifier: GPL-2.0-only
# A transparent proxy on the box serves clients and the box itself, and sees the
# address that each has asked for. The proxy's own connections go out. Without
# the hole, the box's own traffic never meets TPROXY. In IPv6 (recipe-own-tproxy6),
# patched, the hole must be told to allow it.
# weight: 7
topology
family "${F:-4}"
must sysctl -qw $FORWARDING=1
stock_sysctls
recipe own-tproxy$SIX CLIENT_IF=cl0 PORT=80 PROXY_PORT=3129 PROXY_UID=13

# The server answers with what it is asked. The proxy adds a line of its own: who
# has asked for what.
on peer socat TCP$F-LISTEN:80,bind=$(_host $FAR),fork,reuseaddr PIPE &
cat >/run/proxy.sh <<E
echo "\$SOCAT_PEERADDR asks \$SOCAT_SOCKADDR:\$SOCAT_SOCKPORT"
exec setpriv --reuid 13 socat -t 2 - "TCP$F:\$SOCAT_SOCKADDR:\$SOCAT_SOCKPORT,readbytes=6"
E
socat TCP$F-LISTEN:3129,ip-transparent,fork,reuseaddr "EXEC:sh /run/proxy.sh" 2>/run/proxy.log &
wait_for 10 _listens peer t 80 || must false
wait_for 10 _listens box t 3129 || must false
capture wire peer eth0
capture client client eth0
ask() { echo hello | on "$1" timeout $((${T:-8} * ${SLOW:-1})) socat -t 4 - "TCP$F:$(_host $2):80" 2>&1; }
# socats ADDRESS: as socat writes it.
socats() { case $1 in *:*) echo "[$(hex6 "$1" | sed 's/..../&:/g; s/:$//')]" ;; *) echo "$1" ;; esac; }
# The server has said its last word, too: both FINs are on the wire.
_closed() { [ "$(seen wire "tcp port 80 and $FLAGS & 1 != 0")" -ge 2 ]; }

is 'a client is served by the proxy' "$(ask client $FAR)" "$(socats $CLIENT) asks $(socats $FAR):80
hello"
# Also what is sent for the proxy's connection when its socket is closed.
wait_for 5 _closed
settled wire
is 'that needs no hole' "$(passed_again)" 0
is 'the box is served by the proxy' "$(ask box $FAR)" "$(socats $BOX) asks $(socats $FAR):80
hello"
at_least 'by the hole' "$(passed_again)" 4
settled wire
settled client
is 'the server has seen two connections' "$(seen wire "dst $FAR and tcp dst port 80 and $FLAGS == 2")" 2
is 'both of the proxy, with the address of the box' "$(seen wire "src $BOX and dst $FAR and tcp dst port 80 and $FLAGS == 2")" 2
is 'the client has seen only the address that it asked for' "$(seen client "tcp and not host $FAR")" 0
check 'another port is no business of the proxy' tcp_copy box peer $FAR 5001 1

[ "$F" = 4 ] && LOOPBACK=127.0.0.1 || LOOPBACK=::1
# Loopback's own traffic to that port is left alone.
socat TCP$F-LISTEN:80,bind=$(_host $LOOPBACK),reuseaddr SYSTEM:'read -r _; echo local' &
wait_for 10 _listens box t 80 || must false
is 'a local server on that port' "$(ask box $LOOPBACK)" local

if [ "$F" = 6 ] && [ $PATCHED = 1 ] && [ "$VIA" = lo ]; then
	must ip6tables -t raw -R PREROUTING 1 -i lo -m mark --mark 0x1000000/0x1000000 -j UNHOLE --set-xmark 0x2000000/0x3000000
	errors=$(mib Ip6InAddrErrors) unholed=$(stat_unhole unholed)
	refute 'patched, without --allow-local: the box is not served' sh -c \
		"echo hello | timeout $((2 * ${SLOW:-1})) socat -t 4 - TCP6:$(_host $FAR):80 | grep -q asks"
	unholed=$(($(stat_unhole unholed) - unholed))
	at_least 'though unholed' $unholed 1
	is 'Ip6InAddrErrors counts what is dropped' $(($(mib Ip6InAddrErrors) - errors)) $unholed
	must ip6tables -t raw -R PREROUTING 1 -i lo -m mark --mark 0x1000000/0x1000000 -j UNHOLE --set-xmark 0x2000000/0x3000000 --allow-local
fi

# Without the rule the box's own packets stay in the hole, and TPROXY sees none. (An nvi
# device that does not cross PREROUTING looks them up by their mark, and drops them.)
if [ "$VIA" = lo ]; then must $IPT -t raw -F; else must ethtool --set-priv-flags "$VIA" prerouting off; fi
T=2
ask box $FAR >/run/answer
refute 'without the rule: not served' grep -q asks /run/answer
