# SPDX-License-Identifier: GPL-2.0-only
# Three uplinks, chosen by the translated source. Then one is withdrawn in
# mid-flow: a ping and a TCP connection go on by another, with the same source,
# where its provider routes that, too; where not, they are silent until they are
# renumbered, which a ping survives and a TCP connection does not.
# claims: L9
# kernels: 6.1 6.12 stock
# weight: 14
host client net
wire box cl0 $BOXCL/24 client eth0 $CLIENT/24,198.51.100.3/24,198.51.100.4/24
wire box up1 192.0.2.1/26 net eth1 192.0.2.2/26
wire box up2 192.0.2.65/26 net eth2 192.0.2.66/26
wire box up3 192.0.2.129/26 net eth3 192.0.2.130/26
SERVER=203.0.113.80 GW1=192.0.2.2
must ip -n client route add default via $BOXCL
must ip -n net addr add $SERVER/32 dev lo
# "net" is the three providers and what is behind them.
must ip -n net route add 203.0.113.17 via 192.0.2.1
must ip -n net route add 203.0.113.33 via 192.0.2.65
must ip -n net route add 203.0.113.49 via 192.0.2.129
capture one net eth1
capture two net eth2
capture three net eth3
capture client client eth0
all_settled() { for c in one two three; do settled $c; done; }

# The sources are in no table local, so a stock kernel needs no more than this.
recipe uplinks
for n in 2 3 4; do
	check "client 198.51.100.$n is answered" pings client 3 $SERVER -I 198.51.100.$n
done
all_settled
is 'uplink 1: its source, and no other' "$(seen one "icmp[0] == 8 and src 203.0.113.17") $(seen one 'icmp[0] == 8')" '3 3'
is 'uplink 2: its source, and no other' "$(seen two "icmp[0] == 8 and src 203.0.113.33") $(seen two 'icmp[0] == 8')" '3 3'
is 'uplink 3: its source, and no other' "$(seen three "icmp[0] == 8 and src 203.0.113.49") $(seen three 'icmp[0] == 8')" '3 3'
# The client's default source is 198.51.100.2.
speaks 'uplink 1' client net $SERVER

# A flow that can be asked now and then.
on net socat TCP4-LISTEN:9,bind=$SERVER,fork PIPE &
wait_for 10 _listens net t 9 || must false
session() { # NAME
	mkfifo /run/$1.in
	on client socat - TCP4:$SERVER:9,bind=$CLIENT </run/$1.in >/run/$1.out &
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
is 'nothing of it is on uplink 2 or 3' "$(seen two "host 203.0.113.17") $(seen three 'host 203.0.113.17')" '0 0'

# The address moves with the flow: the second provider routes it, too.
must ip -n net route replace 203.0.113.17 via 192.0.2.65
recipe uplink-withdraw GW=$GW1
all_settled
before=$(seen one 'src 203.0.113.17')
had=$(replies p)
echo two >&5
check 'withdrawn: TCP goes on' wait_for 5 grep -q two /run/a.out
check 'withdrawn: the ping goes on' wait_for 5 more p $had
all_settled
is 'nothing leaves by uplink 1' $(($(seen one 'src 203.0.113.17') - before)) 0
at_least 'uplink 2: the ping, with the source that it had' "$(seen two 'icmp[0] == 8 and src 203.0.113.17')" 3
at_least 'uplink 2: the connection, with the source that it had' "$(seen two 'tcp port 9 and src 203.0.113.17')" 1
is 'no flow has a new source' "$(seen two 'tcp port 9 and not host 203.0.113.17')" 0
is 'the ping has lost nothing' "$(grep -o 'icmp_seq=[0-9]*' /run/p.out | awk -F= '$2 != NR { n++ } END { print n + 0 }')" 0

# The second provider takes its own addresses only, as it should.
must on net iptables -t raw -A PREROUTING -i eth2 ! -s 203.0.113.33 -p tcp -j DROP
must on net iptables -t raw -A PREROUTING -i eth2 ! -s 203.0.113.33 -p icmp -j DROP
had=$(replies p)
echo three >&5
sent=$(seen two 'icmp[0] == 8 and src 203.0.113.17')
_sent() { [ "$(seen two 'icmp[0] == 8 and src 203.0.113.17')" -ge $((sent + 5)) ]; }
check 'filtered: the ping still leaves with the old source' wait_for 5 _sent
at_most 'filtered: but is not answered' $(($(replies p) - had)) 1
refute 'filtered: nor is TCP' grep -q three /run/a.out
check 'filtered: though the connection lives' connected

recipe uplink-renumber CLIENTS=$CLIENT OLD=203.0.113.17 NEW=203.0.113.33
had=$(replies p)
check 'renumbered: the same ping is answered again' wait_for 5 more p $had
ended() { ! connected; }
check 'renumbered: the TCP connection ends' wait_for 15 ended
all_settled
settled client
at_least 'the client has heard a reset' "$(seen client "tcp[13] & 4 != 0 and src $SERVER and dst $CLIENT and src port 9")" 1
at_least 'the ping, with the new source' "$(seen two 'icmp[0] == 8 and src 203.0.113.33')" 6
at_least 'the segment, with the new source, is answered by a reset' "$(seen two 'tcp[13] & 4 != 0 and dst 203.0.113.33')" 1
kill $p
speaks 'renumbered, new flows' client net $SERVER
