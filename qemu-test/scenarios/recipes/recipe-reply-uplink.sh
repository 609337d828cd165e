# SPDX-License-Identifier: GPL-2.0-only
# Two uplinks, and connections that come in by the second: their replies, and
# ICMP errors about them, leave by the second, of a client and of the box, in
# both families. Without the recipe they leave by the default route. Beside MASQUERADE and
# with strict rp_filter nothing is lost.
# weight: 11
host client far1 far2
B1=192.0.2.1 B2=192.0.2.129 B1_6=2001:db8:2:1::1 B2_6=2001:db8:2:2::1
wire box cl0 $BOXCL/24,$BOXCL6/64 client eth0 $CLIENT/24,$CLIENT6/64
wire box up1 $B1/25,$B1_6/64 far1 eth0 192.0.2.2/25,2001:db8:2:1::2/64
wire box up2 $B2/25,$B2_6/64 far2 eth0 192.0.2.130/25,2001:db8:2:2::2/64
must ip -n client route add default via $BOXCL
must ip -n client -6 route add default via $BOXCL6
# The net is behind both uplinks.
for n in 1 2; do
	eval "b=\$B$n b6=\${B${n}_6}"
	addresses far$n lo $FAR/32,$FAR6/128
	must ip -n far$n route add default via "$b" src $FAR
	must ip -n far$n -6 route add default via "$b6" src $FAR6
done
must ip route add default via 192.0.2.2
must ip -6 route add default via 2001:db8:2:1::2
must sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
must iptables -t nat -A PREROUTING -i up2 -d $B2 -p udp --dport 7000:7001 -j DNAT --to-destination $CLIENT
# Somebody sets whole marks.
for t in iptables ip6tables; do
	must $t -t mangle -A PREROUTING -i cl0 -j MARK --set-mark 5
	must $t -t mangle -A OUTPUT -j MARK --set-mark 6
done
on client socat UDP4-LISTEN:7000,fork PIPE >/dev/null 2>&1 &
on client socat UDP6-LISTEN:7002,fork,ipv6only=1 PIPE >/dev/null 2>&1 &
socat UDP4-LISTEN:7003,fork,bind=$B2 PIPE >/dev/null 2>&1 &
socat "UDP6-LISTEN:7004,fork,bind=[$B2_6]" PIPE >/dev/null 2>&1 &
must wait_for 10 _listens client u 7000
must wait_for 10 _listens client u 7002
must wait_for 10 _listens box u 7003
must wait_for 10 _listens box u 7004
capture one far1 eth0
capture two far2 eth0

# udp6_ask ADDRESS PORT TEXT
udp6_ask() {
	printf '%s' "$3" | on far2 timeout $((5 * ${SLOW:-1})) socat -t "$T" - \
		"UDP6:[$1]:$2,bind=[$FAR6],ipv6-recverr=1,readbytes=${#3}" 2>&1
}
udp4_ask() {
	printf '%s' "$3" | on far2 timeout $((5 * ${SLOW:-1})) socat -t "$T" - \
		"UDP4:$1:$2,bind=$FAR,ip-recverr=1,readbytes=${#3}" 2>&1
}
# expired FAMILY ADDRESS: a request that may not cross the box.
expired() { on far2 ping -n -c 1 -W "$T" -t 1 -I "$1" "$2" 2>&1; }

# answers: what far2 hears, a word for each question.
answers() {
	for to in $B2 $CLIENT; do on far2 ping -n -q -c 1 -W "$T" -I $FAR $to >/dev/null && echo "ping4" || echo "-"; done
	for to in $B2_6 $CLIENT6; do on far2 ping -n -q -c 1 -W "$T" -I $FAR6 $to >/dev/null && echo "ping6" || echo "-"; done
	udp4_ask $B2 7000 dnat | grep -o dnat || echo -
	udp4_ask $B2 7003 box4 | grep -o box4 || echo -
	udp6_ask $CLIENT6 7002 client6 | grep -o client6 || echo -
	udp6_ask $B2_6 7004 box6 | grep -o box6 || echo -
	udp4_ask $B2 7001 x | grep -o refused || echo -
	udp4_ask $B2 7009 x | grep -o refused || echo -
	udp6_ask $CLIENT6 7009 x | grep -o refused || echo -
	udp6_ask $B2_6 7009 x | grep -o refused || echo -
	expired $FAR $CLIENT | grep -o exceeded || echo -
	expired $FAR6 $CLIENT6 | grep -o exceeded || echo -
}
ours='(src host 192.0.2.129 or src host 198.51.100.2 or src host 198.51.100.1 or src host 2001:db8:2:2::1 or src host 2001:db8:1::2 or src host 2001:db8:1::1)'
to_far="(dst host $FAR or dst host $FAR6)"

T=0.2
is 'before: far2 hears nothing' "$(answers | tr -d '\n')" '--------------'
settled one
at_least 'before: what it should have heard is at far1' "$(seen one "$ours and $to_far")" 12

stock_sysctls
recipe reply-uplink
conntrack -F 2>/dev/null
before=$(seen one "$to_far")
T=3
is 'far2 hears everything' "$(answers | tr '\n' ' ')" \
	'ping4 ping4 ping6 ping6 dnat box4 client6 box6 refused refused refused refused exceeded exceeded '
# TCP and UDP of connections from outside, to a client and to the box.
speaks 'by uplink 2, a client' far2 client $CLIENT
speaks 'by uplink 2, a client, IPv6' far2 client $CLIENT6
speaks 'by uplink 2, the box' far2 box $B2
speaks 'by uplink 2, the box, IPv6' far2 box $B2_6
settled one
is 'far1 nothing' $(($(seen one "$to_far") - before)) 0
at_least 'through the hole' "$(passed_again)" 12

# Beside MASQUERADE, and with strict rp_filter: nothing is lost.
of_10() { on $1 ping -n -q -c 10 -i 0.05 -W 2 $FAR | sed -n 's/.* \([0-9]*\) received.*/\1/p'; }
for up in up1 up2; do
	must iptables -t nat -A POSTROUTING -o $up -j MASQUERADE
	must sysctl -qw net.ipv4.conf.$up.rp_filter=1
done
conntrack -F 2>/dev/null
is 'beside MASQUERADE: pings answered, of 10, of a client and of the box' "$(of_10 client) $(of_10 box)" '10 10'
check 'beside MASQUERADE: TCP, 1 MiB, a client' tcp_copy client far1 $FAR 5001 1
check 'strict rp_filter: the second uplink reaches the box' pings far2 2 $B2 -I $FAR
is 'strict rp_filter: and the client, by DNAT' "$(udp4_ask $B2 7000 dnat)" dnat
is 'doctor finds no fault in that' "$(unhole-path doctor | grep -E '^(bad|warn)')" ''
for up in up1 up2; do
	must iptables -t nat -D POSTROUTING -o $up -j MASQUERADE
	must sysctl -qw net.ipv4.conf.$up.rp_filter=0
done
conntrack -F 2>/dev/null

# A connection from inside stays on its uplink, too.
udp_echo far1 $FAR 7
udp_echo far2 $FAR 7
is 'a connection of the box, by uplink 1' "$(udp_ask box $FAR 7 one bind=$B1:4444)" one
is 'a connection of a client, by uplink 1' "$(on client ping -n -q -c 1 -W 2 -e 77 $FAR | grep -o '1 received')" '1 received'
must ip route replace default via 192.0.2.130
must ip -6 route replace default via 2001:db8:2:2::2
before=$(seen one "udp port 7 or icmp[0] == 8")
is 'the default route has changed: the box stays on it' "$(udp_ask box $FAR 7 one bind=$B1:4444)" one
is 'the client, too' "$(on client ping -n -q -c 1 -W 2 -e 77 $FAR | grep -o '1 received')" '1 received'
settled one
is 'by uplink 1' $(($(seen one "udp port 7 or icmp[0] == 8") - before)) 3
# An error about it, for the client: it has the mark too, but no uplink to choose.
says 'an ICMP error for the client reaches the client' \
	"$(on client ping -n -c 1 -W 2 -t 1 -e 77 $FAR 2>&1)" exceeded
check 'a new connection takes the new one' pings client 1 $FAR
settled two
is 'by uplink 2' "$(seen two "icmp[0] == 8 and dst $FAR")" 1

# The hole is where it happens: without the rule that restores the mark, what
# comes out of it takes the default route.
must ip route replace default via 192.0.2.2
must ip -6 route replace default via 2001:db8:2:1::2
for t in iptables,ip ip6tables,ip6; do
	if [ $FRONT = nft ]; then
		nft -a list chain ${t#*,} unhole-reply-uplink postrouting |
			sed -n 's/.*oifname "nvi0".* handle /delete rule '${t#*,}' unhole-reply-uplink postrouting handle /p' >/run/rules
		must nft -f /run/rules
	else
		must ${t%,*} -t mangle -D $BETWEEN -j CONNMARK --restore-mark --nfmask 0xf0000000 --ctmask 0x70000000
	fi
done
T=0.2
is 'without the mark, far2 hears nothing' "$(answers | tr -d '\n')" '--------------'
