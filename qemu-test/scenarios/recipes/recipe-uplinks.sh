# SPDX-License-Identifier: GPL-2.0-only
# Three uplinks, chosen by the translated source, on a router as people have it: FORWARD
# drops, what leaves is masqueraded, there are other networks, and clients that are not
# listed. Then one uplink is withdrawn in mid-flow: a ping and a TCP connection go on by another, with the same source,
# where its provider routes that, too; where not, they are silent until they are
# renumbered, which a ping survives and a TCP connection does not. In IPv6:
# recipe-uplinks6.
# claims: L9
# weight: 18
family "${F:-4}"
if [ "$F" = 4 ]; then
	SERVER=203.0.113.80 SNAT1=203.0.113.17 SNAT2=203.0.113.33 SNAT3=203.0.113.49
	BOX1=192.0.2.1 GW1=192.0.2.2 BOX2=192.0.2.65 GW2=192.0.2.66 BOX3=192.0.2.129 GW3=192.0.2.130
	UPLEN=26
else
	SERVER=2001:db8:3::80 SNAT1=2001:db8:a1::17 SNAT2=2001:db8:a2::33 SNAT3=2001:db8:a3::49
	BOX1=2001:db8:21::1 GW1=2001:db8:21::2 BOX2=2001:db8:22::1 GW2=2001:db8:22::2
	BOX3=2001:db8:23::1 GW3=2001:db8:23::2 UPLEN=64
fi
host client net dmz
wire box cl0 $BOXCL/$LEN client eth0 $CLIENT/$LEN,${CL}3/$LEN,${CL}4/$LEN,${CL}5/$LEN
wire box up1 $BOX1/$UPLEN net eth1 $GW1/$UPLEN
wire box up2 $BOX2/$UPLEN net eth2 $GW2/$UPLEN
wire box up3 $BOX3/$UPLEN net eth3 $GW3/$UPLEN
[ "$F" = 4 ] && DMZ=198.18.5. || DMZ=2001:db8:d::
wire box dm0 ${DMZ}1/$LEN dmz eth0 ${DMZ}2/$LEN
must $IP -n dmz route add default via ${DMZ}1
must $IP -n client route add default via $BOXCL src $CLIENT
must ip -n net addr add $SERVER/$ALL dev lo
# "net" is the three providers and what is behind them.
must $IP -n net route add $SNAT1 via $BOX1
must $IP -n net route add $SNAT2 via $BOX2
must $IP -n net route add $SNAT3 via $BOX3
capture one net eth1
capture two net eth2
capture three net eth3
capture client client eth0
all_settled() { for c in one two three; do settled $c; done; }

must sysctl -qw $FORWARDING=1
must $IP route add default via $GW1
must $IPT -P FORWARD DROP
must $IPT -A FORWARD -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT
must $IPT -A FORWARD -i cl0 -o up+ -j ACCEPT
must $IPT -A FORWARD -i cl0 -o dm0 -j ACCEPT
must $IPT -t nat -A POSTROUTING -o up+ -j MASQUERADE
capture dmz dmz eth0
check 'before: a client that is not listed is answered' pings client 1 $SERVER -I ${CL}5
must conntrack -F -f ipv$F
for c in one two three; do settled $c; done
before=$(seen one "$REQUEST")

# The sources are in no table local, so a stock kernel needs no more than this.
out=$(env sh /unhole/recipes/uplinks$SIX.sh 2>&1) || not_ok "uplinks: $out"
if [ $VIA = lo ]; then
	says 'what FORWARD must let pass is said' "$out" '-i cl0 -o lo' '-i lo -o each uplink'
	must $IPT -A FORWARD -i cl0 -o lo -j ACCEPT
	must $IPT -A FORWARD -i lo -o up+ -j ACCEPT
else
	is 'there is nothing to say' "$out" ''
fi
for n in 2 3 4; do
	check "client ${CL}$n is answered" pings client 3 $SERVER -I ${CL}$n
done
all_settled
is 'uplink 1: its source, and no other' "$(seen one "$REQUEST and src $SNAT1") $(($(seen one "$REQUEST") - before))" '3 3'
is 'uplink 2: its source, and no other' "$(seen two "$REQUEST and src $SNAT2") $(seen two "$REQUEST")" '3 3'
is 'uplink 3: its source, and no other' "$(seen three "$REQUEST and src $SNAT3") $(seen three "$REQUEST")" '3 3'
# The client's default source is $CLIENT.
speaks 'uplink 1' client net $SERVER
for n in 3 4; do
	must $IP -n client route replace default via $BOXCL src ${CL}$n
	speaks "uplink $((n - 1))" client net $SERVER
done
must $IP -n client route replace default via $BOXCL src $CLIENT
all_settled
is 'uplinks 2 and 3: of that, too, no other source' \
	"$(seen two "dst $SERVER and not src $SNAT2") $(seen three "dst $SERVER and not src $SNAT3")" '0 0'

# Who has no uplink: not listed (beside MASQUERADE, which comes too late), or its own is
# gone. It leaves by no other, and has heard so. (Of lo on a stock kernel it does not hear.)
nowhere() { # WHAT SOURCE
	all_settled
	sent="$(seen one "$REQUEST") $(seen two "$REQUEST") $(seen three "$REQUEST")"
	pings client 1 $SERVER -W 1 -I $2 >/run/nowhere && not_ok "$1: answered"
	[ $VIA$PATCHED = lo0 ] || says "$1: the client hears of it" "$(cat /run/nowhere)" '+1 errors'
	all_settled
	is "$1: nothing leaves" "$(seen one "$REQUEST") $(seen two "$REQUEST") $(seen three "$REQUEST")" "$sent"
}
nowhere 'a client that is not listed' ${CL}5
check 'another network of the box: answered' pings client 2 ${DMZ}2 -I $CLIENT
settled dmz
is 'and asked by the client itself' "$(seen dmz "$REQUEST and src $CLIENT")" 2
check 'and the box itself, by its address there' pings client 1 $BOXCL
recipe uplink-withdraw$SIX GW=$GW1
nowhere 'withdrawn, no reserve' $CLIENT
check 'the others are as they were' pings client 1 $SERVER -I ${CL}3
must env GW=$GW1 sh /unhole/recipes/uplink-withdraw$SIX.sh undo
check 'and back again' pings client 1 $SERVER -I $CLIENT

# Run again it is what it was; and with a reserve.
now() {
	$IP rule
	for t in 50 101 102 103; do $IP route show table $t; done
	saved $IPT
	nft -s list ruleset
} 2>/dev/null
recipe uplinks$SIX
now >/run/first
recipe uplinks$SIX
now >/run/second
check 'the second run changes nothing' cmp /run/first /run/second
recipe uplinks$SIX RESERVE=yes

# A flow that can be asked now and then.
on net socat TCP$F-LISTEN:9,bind=$(_host $SERVER),fork PIPE &
wait_for 10 _listens net t 9 || must false
session() { # NAME
	mkfifo /run/$1.in
	on client socat - TCP$F:$(_host $SERVER):9,bind=$(_host $CLIENT) </run/$1.in >/run/$1.out &
}
connected() { on client ss -Htn state established "dport = :9" | grep -q .; }
# Replies to the ping so far, by its own account (one a line).
pinging() {
	on client ping -n -i 0.1 -W 1 -I $CLIENT $SERVER >/run/$1.out 2>&1 &
	eval "$1=$!"
}
replies() { grep -c 'bytes from' /run/$1.out; }
more() { [ "$(replies $1)" -ge $(($2 + 3)) ]; }

session a
exec 5>/run/a.in
pinging p
echo one >&5
check 'TCP: answered by uplink 1' wait_for 5 grep -q one /run/a.out
check 'a running ping, too' wait_for 5 more p 0
all_settled
is 'nothing of it is on uplink 2 or 3' "$(seen two "host $SNAT1") $(seen three "host $SNAT1")" '0 0'

# The address moves with the flow: the second provider routes it, too.
must $IP -n net route replace $SNAT1 via $BOX2
recipe uplink-withdraw$SIX GW=$GW1
all_settled
before=$(seen one "src $SNAT1")
had=$(replies p)
echo two >&5
check 'withdrawn: TCP goes on' wait_for 5 grep -q two /run/a.out
check 'withdrawn: the ping goes on' wait_for 5 more p $had
all_settled
is 'nothing leaves by uplink 1' $(($(seen one "src $SNAT1") - before)) 0
at_least 'uplink 2: the ping, with the source that it had' "$(seen two "$REQUEST and src $SNAT1")" 3
at_least 'uplink 2: the connection, with the source that it had' "$(seen two "tcp port 9 and src $SNAT1")" 1
is 'no flow has a new source' "$(seen two "tcp port 9 and not host $SNAT1")" 0
is 'the ping has lost nothing' "$(grep -o 'icmp_seq=[0-9]*' /run/p.out | awk -F= '$2 != NR { n++ } END { print n + 0 }')" 0

# The second provider takes its own addresses only, as it should.
must on net $IPT -t raw -A PREROUTING -i eth2 ! -s $SNAT2 -d $SERVER -j DROP
had=$(replies p)
echo three >&5
sent=$(seen two "$REQUEST and src $SNAT1")
_sent() { [ "$(seen two "$REQUEST and src $SNAT1")" -ge $((sent + 5)) ]; }
check 'filtered: the ping still leaves with the old source' wait_for 5 _sent
at_most 'filtered: but is not answered' $(($(replies p) - had)) 1
refute 'filtered: nor is TCP' grep -q three /run/a.out
check 'filtered: though the connection lives' connected

recipe uplink-renumber$SIX CLIENTS=$CLIENT OLD=$SNAT1 NEW=$SNAT2
had=$(replies p)
check 'renumbered: the same ping is answered again' wait_for 5 more p $had
ended() { ! connected; }
check 'renumbered: the TCP connection ends' wait_for 15 ended
all_settled
settled client
at_least 'the client has heard a reset' "$(seen client "tcp and $FLAGS & 4 != 0 and src $SERVER and dst $CLIENT and src port 9")" 1
at_least 'the ping, with the new source' "$(seen two "$REQUEST and src $SNAT2")" 6
at_least 'the segment, with the new source, is answered by a reset' "$(seen two "tcp and $FLAGS & 4 != 0 and dst $SNAT2")" 1
# (The shell's child is the one that has run "on".)
pkill -P $p || kill $p
wait $p 2>/dev/null
speaks 'renumbered, new flows' client net $SERVER

# Undone: it leaves with the first one again. (The second provider answers none but its own.)
must env CLIENTS=$CLIENT OLD=$SNAT1 NEW=$SNAT2 sh /unhole/recipes/uplink-renumber$SIX.sh undo
must $IP -n net route replace $SNAT1 via $BOX1
must env GW=$GW1 sh /unhole/recipes/uplink-withdraw$SIX.sh undo
must conntrack -F -f ipv$F
all_settled
sent=$(seen one "$REQUEST and src $SNAT1")
check 'renumbered back' pings client 2 $SERVER -I $CLIENT
all_settled
is 'by the first uplink, with its source' $(($(seen one "$REQUEST and src $SNAT1") - sent)) 2

# One that is left out.
recipe uplinks$SIX GW2=
nowhere 'an uplink left out' ${CL}3
for n in 2 4; do check "left out: the client ${CL}$n" pings client 1 $SERVER -I ${CL}$n; done
is 'left out: its table is empty' "$($IP route show table 102 2>/dev/null)" ''
all_settled
is 'no client was seen on any uplink, but before' \
	"$(seen one "net ${CL}0/$LEN") $(seen two "net ${CL}0/$LEN") $(seen three "net ${CL}0/$LEN")" '0 0 0'

# Beside it, another recipe on the same device: the box's own traffic. (By lo the first rule
# with UNHOLE has taken the packet, and the mark that leads into the hole stays on it.)
if [ $VIA != lo ]; then
	must conntrack -F -f ipv$F
	recipe own-forward$SIX UPLINK=up1
	again=$(passed_again)
	check 'beside own-forward: the box is answered' pings box 2 $SERVER
	is 'beside own-forward: it goes through the hole' $(($(passed_again) - again)) 2
	check 'beside own-forward: a client is answered' pings client 1 $SERVER -I $CLIENT
	nowhere 'beside own-forward: a client that is not listed' ${CL}5
	must sh /unhole/recipes/own-forward$SIX.sh undo
fi
must sh /unhole/recipes/uplinks$SIX.sh undo
is 'undone: no rule and no table is left' "$($IP rule | grep -cE "cl0|$VIA ")$(nft list tables | grep -c unhole)" 00
check 'undone: a client leaves as before' pings client 1 $SERVER -I ${CL}5
