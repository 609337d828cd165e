# SPDX-License-Identifier: GPL-2.0-only
# recipes/two-isps.sh on a router as people have it: FORWARD drops, MASQUERADE stands at each
# uplink, somebody sets whole marks, rp_filter is strict, both providers of IPv4 have the same
# next hop, the third one has IPv6 only. What ran before goes on; who leaves by which, with which address; replies,
# port forwards, the box itself, other networks; nothing private leaves; withdrawn, renumbered,
# a link that flaps, each of the hooks; what is wrong is said; down leaves nothing.
# patches: none
# claims: L9
# weight: 180
# timeout: 900
host client w1 w2 w3 dmz
wire box cl0 198.51.100.1/24,2001:db8:1::1/64 client eth0 198.51.100.2/24,198.51.100.3/24,198.51.100.20/24,2001:db8:1::2/64
wire box dm0 203.0.113.129/25 dmz eth0 203.0.113.130/25
# Point to point, as PPPoE has it.
wire box up1 - w1 eth0 192.0.2.254/32
wire box up2 - w2 eth0 192.0.2.254/32
wire box up3 2001:db8:2:3::1/64 w3 eth0 2001:db8:2:3::2/64
must batch box 'addr add 192.0.2.13 peer 192.0.2.254 dev up1' 'addr add 192.0.2.14 peer 192.0.2.254 dev up2' \
	'route add default via 192.0.2.254 dev up1' 'route add default via 2001:db8:2:3::2'
for w in w1 w2; do must batch $w 'addr add 203.0.113.7/32 dev lo' 'route add default dev eth0'; done
must batch w3 'addr add 2001:db8:3::7/128 dev lo nodad' 'route add default via 2001:db8:2:3::1'
must batch client 'route add default via 198.51.100.1' 'route add default via 2001:db8:1::1'
must sysctl -qw net.ipv4.ip_forward=1 net.ipv4.conf.up1.rp_filter=1 net.ipv4.conf.up2.rp_filter=1 net.ipv4.conf.cl0.rp_filter=1
must iptables-restore <<-END
	*mangle
	-A PREROUTING -i cl0 -j MARK --set-mark 5
	COMMIT
	*nat
	-A POSTROUTING -o up1 -j MASQUERADE
	-A POSTROUTING -o up2 -j MASQUERADE
	COMMIT
	*filter
	:FORWARD DROP
	-A FORWARD -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT
	-A FORWARD -i cl0 -o up1 -j ACCEPT
	-A FORWARD -i cl0 -o up2 -j ACCEPT
	-A FORWARD -i cl0 -o dm0 -j ACCEPT
	COMMIT
END

# As Tailscale has its network, and a VRF
must batch dmz 'addr add 100.64.0.1/32 dev lo' 'route add default via 203.0.113.129'
must batch box 'rule add lookup 52 pref 5270' 'route add 100.64.0.0/10 via 203.0.113.130 table 52' \
	'link add red type vrf table 10' 'link set red up' 'route add unreachable default metric 4278198272 table 10'

DOWN=
TWO=/unhole/recipes/two-isps.sh
mkdir /run/etc
export CONF=/run/etc/two-isps.conf
cat >$CONF <<-'END'
	UPLINKS='up1 up2 up3'
	LAN=cl0
	MAP='198.51.100.2=up2 198.51.100.0/28=up1 2001:db8:1::2=up3'
	FORWARDS='tcp:8080=198.51.100.3:80'
	DEFAULT=up9
END
export DEFAULT=up1 # the environment goes before the file
two() { check "two-isps.sh $*" sh $TWO "$@"; }
# How the box is
box_now() {
	{
		ip rule
		ip -6 rule
		ip route show table all
		ip -6 route show table all
		iptables-save
		nft -s list ruleset
		ip -o link
		sysctl -n net.ipv4.conf.up1.rp_filter net.ipv4.ip_forward net.ipv6.conf.all.forwarding net.ipv6.conf.up3.accept_ra
	} | sed '/^[:#*]/d; s/\[[0-9]*:[0-9]*\]//; /fe80::/d; /ff00::/d' >/run/$1
}
box_now before

capture one w1 eth0
capture two w2 eth0
capture three w3 eth0
# by WHAT CLIENT UPLINK SOURCE: its pings leave by that alone, with that source. (They have
# a length of their own, since others may be running.)
MINE='icmp[0] == 8 and ip[2:2] == 61'
by() {
	b_all=$(($(seen one "$MINE") + $(seen two "$MINE")))
	b_s=$(seen $3 "$MINE and src $4")
	check "$1: answered" pings client 2 203.0.113.7 -I $2 -s 33
	settled one
	[ "$DOWN" = two ] || settled two
	is "$1: by $3, with $4" $(($(seen $3 "$MINE and src $4") - b_s)) 2
	is "$1: by no other" $(($(seen one "$MINE") + $(seen two "$MINE") - b_all)) 2
}

# What runs before
on w1 socat TCP4-LISTEN:9,bind=203.0.113.7,fork PIPE &
on client socat TCP4-LISTEN:80,fork,reuseaddr SYSTEM:'echo served' &
wait_for 10 _listens w1 t 9 || must false
wait_for 10 _listens client t 80 || must false
mkfifo /run/in
on client socat - TCP4:203.0.113.7:9,bind=198.51.100.2 </run/in >/run/out &
exec 5>/run/in
echo zero >&5
check 'before: TCP' wait_for 5 grep -q zero /run/out
on client ping -n -i 0.1 -W 1 -I 198.51.100.2 203.0.113.7 >/run/ping 2>&1 &
ping=$!
replies() { grep -c 'bytes from' /run/ping; }
lost() { grep -o 'icmp_seq=[0-9]*' $1 | awk -F= '$2 != NR { n++ } END { print n + 0 }'; }
more() { [ "$(replies)" -ge $((replies + 3)) ]; }
ended() {
	pkill -P $ping
	wait $ping
}
replies=0
check 'before: a ping' wait_for 5 more

two up
is 'router advertisements of an uplink are still heard' "$(sysctl -n net.ipv6.conf.up3.accept_ra)" 2
replies=$(replies)
echo one >&5
check 'what ran before goes on: TCP' wait_for 5 grep -q one /run/out
check '... and the ping' wait_for 5 more
is '... which has lost nothing' "$(lost /run/ping)" 0
ended
settled two
is '... by the uplink that it had' "$(seen two 'host 203.0.113.7 and icmp')" 0

status=$(sh $TWO status)
is 'status ends with' $? 0
echo "$status"
says 'status' "$(echo "$status" | tr -s ' ')" 'up1 192.0.2.13 via 192.0.2.254 up 198.51.100.0/28 and all others' \
	'up2 192.0.2.14 via 192.0.2.254 up 198.51.100.2' 'up3 2001:db8:2:3::1 via 2001:db8:2:3::2 up 2001:db8:1::2'

by 'a client of up2' 198.51.100.2 two 192.0.2.14
by 'a network of up1' 198.51.100.3 one 192.0.2.13
by 'all others' 198.51.100.20 one 192.0.2.13
check 'IPv6: answered' pings client 2 2001:db8:3::7
settled three
is "IPv6: with the uplink's address" "$(seen three 'icmp6[0] == 128 and src 2001:db8:2:3::1')" 2
check 'TCP, 1 MiB, a client of up2' tcp_copy client w2 203.0.113.7 5001 1

# What came in by an uplink is answered by it.
far() { on w$1 timeout 5 socat -u TCP4:192.0.2.1$((2 + $1)):8080,bind=203.0.113.7,connect-timeout=3 - 2>/dev/null; }
for n in 1 2; do
	check "ping of the box by up$n" pings w$n 2 192.0.2.1$((2 + n)) -I 203.0.113.7
	is "port forward by up$n" "$(far $n)" served
done
# The box itself
check 'the box by its default uplink' pings box 2 203.0.113.7
check 'a socket of the box with the address of up2' pings box 2 203.0.113.7 -I 192.0.2.14
settled one
settled two
is '... leaves by it' "$(seen two 'icmp[0] == 8 and src 192.0.2.14 and dst 203.0.113.7')" 4
# Other networks of the box
capture dmz dmz eth0
check 'a client to the DMZ' pings client 2 203.0.113.130 -I 198.51.100.2
settled dmz
is '... as it is' "$(seen dmz 'icmp[0] == 8 and src 198.51.100.2')" 2
stop dmz
for h in box client; do check "$h: a network that another table has" pings $h 2 100.64.0.1; done
refute 'a VRF stays by itself' ip route get 203.0.113.7 oif red
refute '... for networks of main, too' ip route get 203.0.113.130 oif red

says 'unhole-path' "$(unhole-path to 203.0.113.7 from 198.51.100.2 iif cl0)" 'leaves by up2 via 192.0.2.254, source 192.0.2.14'
says 'unhole-path, all others' "$(unhole-path to 203.0.113.7 from 198.51.100.20 iif cl0)" 'leaves by up1 via 192.0.2.254, source 192.0.2.13'
unhole-path doctor >/run/doctor
is 'doctor finds no fault' $? 0

# A recipe for the box's own traffic, beside it
recipe own-forward UPLINK=up1 VIA=nvi0 FRONT=nft
check 'own-forward.sh beside it: the box' pings box 1 203.0.113.7 -s 20
settled one
is '... by FORWARD, as that recipe wants it' "$(seen one 'icmp[0] == 8 and ip[2:2] == 48 and ip[8] == 63')" 1
must env VIA=nvi0 sh /unhole/recipes/own-forward.sh undo

socat TCP4-LISTEN:3129,fork,reuseaddr,ip-transparent SYSTEM:'echo proxied' &
wait_for 10 _listens box t 3129 || must false
recipe own-tproxy VIA=nvi1 FRONT=nft CLIENT_IF=cl0
for h in client box; do
	is "own-tproxy.sh beside it: $h" "$(on $h timeout 5 socat -u TCP4:203.0.113.7:80,connect-timeout=3 - 2>/dev/null)" proxied
done
must env VIA=nvi1 sh /unhole/recipes/own-tproxy.sh undo

# Withdrawn: its clients leave by another, with that one's address; so does what ran.
on client ping -n -i 0.1 -W 1 -s 40 -I 198.51.100.20 203.0.113.7 >/run/ping 2>&1 &
ping=$!
replies=0
check 'a ping by up1' wait_for 5 more
on client ping -n -i 0.1 -W 1 -I 198.51.100.2 203.0.113.7 >/run/ping2 2>&1 &
other=$!
two withdraw up1
replies=$(replies)
check 'withdrawn: the ping goes on' wait_for 5 more
ended
by 'withdrawn: a client of up1' 198.51.100.3 two 192.0.2.14
check 'withdrawn: the box' pings box 1 203.0.113.7
settled two
at_least 'withdrawn: the ping by up2' "$(seen two 'icmp[0] == 8 and ip[2:2] == 68 and src 192.0.2.14')" 3
status=$(sh $TWO status)
is 'status ends with' $? 1
says 'status says so' "$(echo "$status" | tr -s ' ')" 'up1 192.0.2.13 via 192.0.2.254 withdrawn 198.51.100.0/28 and all others, with 192.0.2.14' \
	'error: up1 is withdrawn' "cure: sh $TWO renumber up1"
two renumber up1
two up
pkill -P $other
wait $other
at_least 'a ping by up2 meanwhile' "$(grep -c 'bytes from' /run/ping2)" 10
is '... has lost nothing' "$(lost /run/ping2)" 0
by 'back again' 198.51.100.3 one 192.0.2.13

# main has lost its default route.
must ip route del default
by 'no default route: a client' 198.51.100.2 two 192.0.2.14
by 'no default route: another' 198.51.100.3 one 192.0.2.13
is 'no default route: port forwards' "$(far 1) $(far 2)" 'served served'
must ip route add default via 192.0.2.254 dev up1

# Nothing private leaves, nor an address of another: what escapes NAT is dropped; a socket
# with an address of the LAN, or of up2, is translated.
must nft -f - <<-END
	table ip escape {
		chain c {
			type filter hook prerouting priority raw
			iifname "cl0" ip saddr 198.51.100.20 notrack
		}
	}
END
refute 'what escapes NAT is not let out' pings client 1 203.0.113.7 -I 198.51.100.20
must nft delete table ip escape
check 'a socket with an address of the LAN' pings box 1 203.0.113.7 -I 198.51.100.1
must ip rule add pref 50 from 192.0.2.14 lookup main
check 'the address of up2 on its way to up1' pings box 1 203.0.113.7 -I 192.0.2.14
must ip rule del pref 50
settled one
settled two
is 'no private source has left' $(($(seen one 'src net 198.51.100.0/24') + $(seen two 'src net 198.51.100.0/24'))) 0
is "no provider's address by another" $(($(seen one 'src 192.0.2.14') + $(seen two 'src 192.0.2.13'))) 0

# A link flaps, and has another address then.
HOOK=/unhole/recipes/two-isps-hook.sh
mkdir /run/bin
printf '#!/bin/sh\ncat >>/run/logged\n' >/run/bin/logger
printf 'echo "$@"\n' >/run/told.sh
chmod +x /run/bin/logger
PATH=/run/bin:$PATH
must ip link set up2 down
check 'networkd-dispatcher: off' env TWO_ISPS=$TWO IFACE=up2 STATE=off OperationalState=off AdministrativeState=configured sh $HOOK
DOWN=two
by 'up2 is down: its client' 198.51.100.2 one 192.0.2.13
DOWN=
says 'status' "$(sh $TWO status)" 'error: up2 is down'
must batch box 'link set up2 up' 'addr del 192.0.2.14 peer 192.0.2.254 dev up2' 'addr add 192.0.2.24 peer 192.0.2.254 dev up2'
says 'status' "$(sh $TWO status)" 'error: up2 has changed (IPv4), and no hook has told it'
# As dhclient-script does: it sources the hook.
dhclient() {
	reason=$1 interface=up2 new_ip_address=$2 old_ip_address=$3 new_routers='192.0.2.254 192.0.2.253'
	# shellcheck source=recipes/two-isps-hook.sh
	. $HOOK
}
TWO_ISPS=$TWO
check 'dhclient' dhclient BOUND 192.0.2.24 ''
by 'renumbered: its client' 198.51.100.2 two 192.0.2.24
at_least 'renumbered: the rules are those that were' "$(nft list chain ip unhole-two-isps guard | sed -n 's/.*packets \([0-9]*\).*/\1/p')" 1
check 'what it does not have' dhclient BOUND 192.0.2.99 ''
says '... is said' "$(tail -n 3 /run/logged)" 'error: up2 does not have the address 192.0.2.99' 'what stood before stands'
check '... and all is as it was' sh $TWO status

# What each of them says, in its own way.
TWO_ISPS=/run/told.sh
: >/run/logged
told() { # WHAT WANT
	is "$1" "$(cat /run/logged)" "$2"
	: >/run/logged
}
dhclient BOUND 192.0.2.24 ''
told 'dhclient: BOUND' 'renumber up2 192.0.2.24 192.0.2.254'
dhclient RENEW 192.0.2.24 192.0.2.24
told 'dhclient: RENEW, the same' ''
dhclient RENEW 192.0.2.24 192.0.2.14
told 'dhclient: RENEW, another' 'renumber up2 192.0.2.24 192.0.2.254'
dhclient EXPIRE '' 192.0.2.14
told 'dhclient: EXPIRE' 'renumber up2'
unset reason interface
export TWO_ISPS
env CONNECTION_UUID=1 NM_DISPATCHER_ACTION=up DEVICE_IP_IFACE=up2 IP4_ADDRESS_0='192.0.2.24/32 192.0.2.254' IP4_GATEWAY=192.0.2.254 sh $HOOK up2 up
told 'NetworkManager: up' 'renumber up2 192.0.2.24 192.0.2.254'
env CONNECTION_UUID=1 NM_DISPATCHER_ACTION=down DEVICE_IP_IFACE=up2 sh $HOOK up2 down
told 'NetworkManager: down' 'withdraw up2'
env CONNECTION_UUID=1 NM_DISPATCHER_ACTION=pre-up sh $HOOK up2 pre-up
told 'NetworkManager: pre-up' ''
env IFACE=up2 STATE=routable OperationalState=routable AdministrativeState=configured sh $HOOK
told 'networkd-dispatcher: routable' 'renumber up2'
env IFACE=up2 STATE=no-carrier OperationalState=no-carrier AdministrativeState=configuring sh $HOOK
told 'networkd-dispatcher: no-carrier' 'withdraw up2'
mkdir /run/ip-up.d /run/ip-down.d
cp $HOOK /run/ip-up.d/unhole
cp $HOOK /run/ip-down.d/unhole
env PPP_IFACE=ppp0 PPP_LOCAL=192.0.2.24 PPP_REMOTE=192.0.2.254 sh /run/ip-up.d/unhole ppp0
told 'pppd: ip-up' 'renumber ppp0 192.0.2.24'
env PPP_IFACE=ppp0 PPP_LOCAL=192.0.2.24 sh /run/ip-down.d/unhole ppp0
told 'pppd: ip-down' 'withdraw ppp0'
env MODE=start IFACE=up2 PHASE=post-up sh $HOOK
told 'ifupdown: start' 'renumber up2'
env MODE=stop IFACE=up2 PHASE=post-down sh $HOOK
told 'ifupdown: stop' 'withdraw up2'
check 'what is no uplink is nobody' sh $TWO withdraw cl0

# What somebody takes away is said, and made again.
must nft delete table ip unhole-two-isps
must ip rule del pref 102 from 192.0.2.24
must ip route flush table 63
says 'status' "$(sh $TWO status)" 'the table ip unhole-two-isps of nftables is gone' 'a rule is gone: 102:.*192.0.2.24' 'has no route in table 63'
two up
check 'status' sh $TWO status
by 'as before' 198.51.100.2 two 192.0.2.24

# Bad input leaves all as it is.
box_now good
refute 'reply-uplink.sh beside it' env UP1=up1 UP2=up2 CLIENT_IF=cl0 sh /unhole/recipes/reply-uplink.sh
says '... is refused' "$_out" 'two-isps.sh is at work' 'cure: '
refute 'a network that is none' env MAP=198.51.100.300=up1 sh $TWO up
refute 'an uplink that is none' env MAP=198.51.100.2=up7 sh $TWO up
box_now again
is 'all is as it was' "$(diff /run/good /run/again)" ''

must batch box 'addr del 192.0.2.24 peer 192.0.2.254 dev up2' 'addr add 192.0.2.14 peer 192.0.2.254 dev up2'
two down
box_now after
is 'down: nothing is left' "$(diff /run/before /run/after)" ''
by 'down: a client' 198.51.100.2 one 192.0.2.13
