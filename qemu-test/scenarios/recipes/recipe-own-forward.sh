# SPDX-License-Identifier: GPL-2.0-only
# One FORWARD policy for clients and for the box itself: what it forbids is
# refused to both, with an error that the socket hears; what it allows passes.
# Without the hole the box does as it likes. In IPv6 (recipe-own-forward6), neighbour
# discovery must stay out of the hole, or the neighbours lose the box.
# weight: 6
topology
family "${F:-4}"
must $IP route replace default via $PEER
on peer socat TCP$F-LISTEN:25,bind=$(_host $FAR),fork,reuseaddr PIPE &
wait_for 10 _listens peer t 25 || must false
udp_echo peer $FAR 7
udp_echo peer $FAR 53
capture wire peer eth0
# mail NS: is the port 25 open?
mail() { echo hello | on "$1" timeout $((5 * ${SLOW:-1})) socat -t 5 - TCP$F:$(_host $FAR):25,readbytes=6 2>&1; }
is 'before: the box may' "$(mail box)" hello

stock_sysctls
must sysctl -qw $FORWARDING=1
# As Docker and firewalls have it.
must $IPT -P FORWARD DROP
must $IPT -A FORWARD -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT
must $IPT -A FORWARD -i cl0 -o up0 -j ACCEPT
recipe own-forward$SIX UPLINK=up0
must $IPT -t mangle -A FORWARD -o up0 -m conntrack --ctstate NEW
must $IPT -t mangle -A POSTROUTING -o $VIA -m owner --uid-owner 0
must $IPT -t mangle -A POSTROUTING -o up0 -m owner --uid-owner 0
for who in client box; do
	settled wire
	before=$(seen wire "dst $FAR and (tcp port 25 or udp port 53)")
	says "$who: TCP that is forbidden is refused" "$(mail $who)" refused
	says "$who: UDP that is forbidden is refused" "$(udp_ask $who $FAR 53 hello 2>&1)" refused
	settled wire
	is "$who: none of it leaves" $(($(seen wire "dst $FAR and (tcp port 25 or udp port 53)") - before)) 0
	is "$who: UDP that is allowed passes" "$(udp_ask $who $FAR 7 hello)" hello
	check "$who: ping passes" pings $who 3 $FAR
	check "$who: TCP passes, 1 MiB" tcp_copy $who peer $FAR 5001 1
	check "$who: and the other way" tcp_fetch $who peer $FAR 5002 1
done
is 'every connection of both was NEW once in FORWARD' "$(rule_packets '--ctstate NEW' $IPT)" 12
at_least 'the owner of a packet is known on the first pass' \
	"$(rule_packets "POSTROUTING -o $VIA -m owner" $IPT)" 10
second=$(rule_packets 'POSTROUTING -o up0 -m owner' $IPT)
if [ "$VIA" = lo ]; then
	is 'and not on the second' "$second" 0
else
	at_least 'and on the second: nvi keeps the socket' "$second" 10
fi
check 'the box talks to itself' pings box 1 $BOX
settled wire
[ "$F" = 4 ] && group=224.0.0.5 || group=ff02::5
before=$(seen wire "dst $group")
ping -n -q -c 1 -W 1 -t 1 -I up0 $group >/dev/null 2>&1
settled wire
is 'multicast leaves as ever' $(($(seen wire "dst $group") - before)) 1

if [ "$F" = 6 ]; then
	# Neighbours find the box, and it finds that they are still there.
	must ip -n peer neigh flush dev eth0
	check 'a neighbour that has forgotten the box finds it' pings peer 1 $BOX
	answers="icmp6[0] == 136 and src $BOX"
	settled wire
	at_least 'answers leave with 255' "$(seen wire "$answers and $TTL == 255")" 1
	is 'and with nothing else' "$(seen wire "$answers and $TTL != 255")" 0
	if [ $FRONT = nft ]; then
		must nft insert rule ip6 unhole-own-forward output icmpv6 type nd-neighbor-advert oifname up0 meta mark set meta mark '|' 0x1000080 return
	else
		must ip6tables -t mangle -D OUTPUT -p icmpv6 --icmpv6-type neighbour-advertisement -j RETURN
	fi
	must ip -n peer neigh flush dev eth0
	refute 'answers through the hole: it does not' pings peer 1 $BOX -W 1
	settled wire
	at_least 'they arrive with 254, and are not valid' "$(seen wire "$answers and $TTL == 254")" 1
fi

if [ $FRONT = nft ]; then must nft delete table $NF unhole-own-forward; else must $IPT -t mangle -F OUTPUT; fi
must conntrack -F -f ipv$F
is 'without the hole, the box does what its clients may not' "$(mail box)" hello
