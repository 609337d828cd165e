# SPDX-License-Identifier: GPL-2.0-only
# One DNAT rule in PREROUTING serves clients and the box itself, whose packets
# reach it by the hole. With the entry kept, or reset while the first pass has
# one with the same addresses, the rule is not evaluated; a zone cures that too.
# In IPv6: recipe-own-dnat6.
# weight: 6
topology
family "${F:-4}"
[ "$F" = 4 ] && VIP=203.0.113.80 || VIP=2001:db8:3::80
must $IP route add $VIP via $PEER
must $IP -n peer route add unreachable $VIP
must sysctl -qw $FORWARDING=1
stock_sysctls
recipe own-dnat$SIX VIP=$VIP SERVER=$FAR
capture wire peer eth0
udp_echo peer $FAR 7

check 'a client pings VIP' pings client 3 $VIP
is 'it needs no hole' "$(passed_again)" 0
check 'the box pings VIP' pings box 3 $VIP
is 'by the hole' "$(passed_again)" 3
settled wire
is 'on the wire: to the server' "$(seen wire "$REQUEST and src $BOX and dst $FAR")" 3
is 'and nothing to VIP' "$(seen wire "dst $VIP")" 0
[ $FRONT = nft ] || is 'the one rule has seen one connection of each' "$(rule_packets DNAT $IPT)" 2
is 'one entry for the connection of the box, in no zone' \
	"$(conntrack -L $CT 2>/dev/null | grep "src=$BOX dst=$VIP .*src=$FAR dst=$BOX" | grep -vc zone)" 1
is 'UDP, the box' "$(udp_ask box $VIP 7 hello)" hello
is 'UDP, a client' "$(udp_ask client $VIP 7 hello)" hello
says 'an ICMP error reaches the socket of the box' "$(udp_ask box $VIP 9 x 2>&1)" refused
must $IPT -A INPUT -i up0 -p tcp -m conntrack --ctstate ESTABLISHED -j ACCEPT
must $IPT -A INPUT -i up0 -p tcp -j DROP
check 'TCP, 1 MiB to the server, the box' tcp_copy box peer $VIP 5001 1 $FAR
check 'TCP, 1 MiB from the server, the box' tcp_fetch box peer $VIP 5002 1 $FAR
check 'TCP, 1 MiB to the server, a client' tcp_copy client peer $VIP 5003 1 $FAR
is 'all replies to the box were ESTABLISHED' "$(rule_packets 'A INPUT -i up0 -p tcp -j DROP' $IPT)" 0

# What it takes: the rule is for the first packet of a connection, and conntrack
# must take the second pass for one.
lost() {
	must conntrack -F -f ipv$F
	settled wire
	sent=$(seen wire "$REQUEST and dst $FAR")
	refute "$1: not answered" pings box 1 $VIP
	settled wire
	is "$1: the DNAT rule is not evaluated" $(($(seen wire "$REQUEST and dst $FAR") - sent)) 0
}
reset_ct off
case $FRONT in
nft) must nft flush chain $NF unhole-own-dnat untracked ;;
*) must $IPT -t raw -D OUTPUT -d $VIP -j CT --notrack ;;
esac
lost 'entry kept'
reset_ct on
lost 'reset, but the first pass has an entry'
must $IPT -t raw -A PREROUTING -i $VIA -d $VIP -j CT --zone-orig 2
must conntrack -F -f ipv$F
check 'reset, and a zone: answered' pings box 3 $VIP
is 'two entries' "$(conntrack -L $CT 2>/dev/null | grep -c "src=$BOX dst=$VIP")" 2
is 'UDP' "$(udp_ask box $VIP 7 hello)" hello
# The entry of the first pass never sees a reply.
must $IPT -A OUTPUT -d $VIP -p tcp -m conntrack --ctstate INVALID -j ACCEPT
check 'TCP, 1 MiB' tcp_copy box peer $VIP 5004 1 $FAR
at_least 'to the first pass, most of it is INVALID' "$(rule_packets 'ctstate INVALID' $IPT)" 20
