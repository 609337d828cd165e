# SPDX-License-Identifier: GPL-2.0-only
# One FORWARD policy for clients and for the box itself: what it forbids is
# refused to both, with an error that the socket hears; what it allows passes.
# Without the hole the box does as it likes.
# kernels: 6.1 6.12 stock
# weight: 6
topology
must ip route replace default via $PEER
on peer socat TCP4-LISTEN:25,bind=$FAR,fork,reuseaddr PIPE &
wait_for 10 _listens peer t 25 || must false
udp_echo peer $FAR 7
udp_echo peer $FAR 53
capture wire peer eth0
# mail NS: is the port 25 open?
mail() { echo hello | on "$1" timeout $((5 * ${SLOW:-1})) socat -t 5 - TCP4:$FAR:25,readbytes=6 2>&1; }
is 'before: the box may' "$(mail box)" hello

stock_sysctls
recipe own-forward UPLINK=up0
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
done
is 'of the box, every connection was NEW once in FORWARD' \
	"$(rule_packets '--ctstate NEW')" 6
is 'the rules have refused the same to both' \
	"$(rule_packets '--dport 25 -j REJECT'),$(rule_packets '--dport 53 -j REJECT')" 2,2
check 'the box talks to itself' pings box 1 $BOX
settled wire
before=$(seen wire "host 224.0.0.5")
on box ping -n -q -c 1 -W 1 -t 1 224.0.0.5 >/dev/null 2>&1
settled wire
is 'multicast leaves as ever' $(($(seen wire 'host 224.0.0.5') - before)) 1

must iptables -t mangle -F OUTPUT
must conntrack -F
is 'without the hole, the box does what its clients may not' "$(mail box)" hello
