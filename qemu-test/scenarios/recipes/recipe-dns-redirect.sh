# SPDX-License-Identifier: GPL-2.0-only
# Recipe dns-redirect: what a client and the box ask of a name server is answered by the
# box's own resolver, by UDP and by TCP, as if by the one that was asked; the resolver's own
# questions go out. With nftables and with iptables; in IPv6: recipe-dns-redirect6.
# patches: none
# weight: 8
topology
family "${F:-4}"
must sysctl -qw $FORWARDING=1
on peer socat "UDP$F-LISTEN:53,bind=$(_host $FAR),fork" SYSTEM:'echo origin' &
on peer socat "TCP$F-LISTEN:53,bind=$(_host $FAR),fork,reuseaddr" SYSTEM:'echo origin' &
# (A server of UDP must answer from the address that it was asked at.)
[ "$F" = 4 ] && LOOPBACK=127.0.0.1 || LOOPBACK=::1
for a in $LOOPBACK $BOXCL; do socat "UDP$F-LISTEN:5353,bind=$(_host $a),fork" SYSTEM:'echo resolver' & done
socat "TCP$F-LISTEN:5353,fork,reuseaddr" SYSTEM:'echo resolver' &
for p in u t; do
	wait_for 10 _listens peer $p 53 || must false
	wait_for 10 _listens box $p 5353 || must false
done
capture wire peer eth0
udp() { echo q | on "$1" $2 timeout $((5 * ${SLOW:-1})) socat -t 3 - "UDP$F:$(_host $FAR):53" 2>/dev/null; }
tcp() { on "$1" $2 timeout $((5 * ${SLOW:-1})) socat -u "TCP$F:$(_host $FAR):53" - 2>/dev/null; }
answers() { echo "$(udp client) $(tcp client) $(udp box) $(tcp box)"; }

is 'before: the name server itself' "$(answers)" 'origin origin origin origin'
for front in nft iptables; do
	via "$([ $front = nft ] && echo nvi0 || echo lo)" $front
	recipe dns-redirect$SIX
	must conntrack -F -f ipv$F
	settled wire
	before=$(seen wire 'port 53')
	is "$front: the resolver, for client and box, UDP and TCP" "$(answers)" 'resolver resolver resolver resolver'
	settled wire
	is "$front: nothing of it leaves" $(($(seen wire 'port 53') - before)) 0
	is "$front: the resolver's own questions go out" "$(udp box 'setpriv --reuid 13') $(tcp box 'setpriv --reuid 13')" 'origin origin'
	must sh /unhole/recipes/dns-redirect$SIX.sh undo
	must conntrack -F -f ipv$F
	is "$front: undone: the name server itself" "$(answers)" 'origin origin origin origin'
done
