# SPDX-License-Identifier: GPL-2.0-only
# Recipe tunnel-snat: a client gets an address that the far end of a tunnel knows, and then
# meets the tunnel: WireGuard, an xfrm interface, a policy of IPsec. Nothing of it is in the
# clear, also where the tunnel is down; to other places the client goes as ever. With an
# nvi device: nvi-recipe-tunnel-snat. In IPv6: recipe-tunnel-snat6.
#
#   client --- cl0 [box] up0 === peer: the tunnel's end, and FAR behind it
#
# weight: 12
topology
. /unhole/second.sh
family "${F:-4}"
[ "$F" = 4 ] && T=198.18.7.9 BEYOND=203.0.113.0/24 || T=2001:db8:77::9 BEYOND=2001:db8:3::/64
must $IP route add default via $PEER
must sysctl -qw $FORWARDING=1
stock_sysctls
capture wire box up0
# through WHAT FILTER: the client is answered, by what the filter sees, and not otherwise. (What
# IPsec has decrypted is seen once more where it came in.)
through() {
	settled wire
	sent=$(seen wire "$2") clear=$(seen wire "dst $FAR")
	check "$1: answered" pings client 3 $FAR
	settled wire
	is "$1: by the tunnel, once each" $(($(seen wire "$2") - sent)) 3
	speaks "$1" client peer $FAR
	settled wire
	is "$1: nothing in the clear" $(($(seen wire "dst $FAR") - clear)) 0
	check "$1: the client goes elsewhere as ever" pings client 1 $PEER
}
gone() { # WHAT
	must sh /unhole/recipes/tunnel-snat$SIX.sh undo
	conntrack -F -f ipv$F 2>/dev/null
	settled wire
	clear=$(seen wire "src $CLIENT and dst $FAR")
	pings client 1 $FAR -W 0.2 >/dev/null
	settled wire
	is "$1: undone: it goes as it did before" $(($(seen wire "src $CLIENT and dst $FAR") - clear)) 1
}

wireguard $T/$ALL
must wg set wg0 peer $peer_key endpoint "$(_host $PEER):51820"
addresses box wg0 -
addresses peer wg0 -
must $IP -n peer route add $T dev wg0
recipe tunnel-snat$SIX TUNNEL=wg0 SNAT=$T BEYOND=$BEYOND
# (Its packets come to 16 bytes, and the first ones are a handshake.)
wait_for 20 pings client 1 $FAR || not_ok 'WireGuard: a handshake'
through WireGuard "udp and src $BOX and dst $PEER and dst port 51820 and (ip[2:2] > 100 or ip6[4:2] > 100)"
must ip link set wg0 down
settled wire
clear=$(seen wire "host $FAR or host $T")
refute 'WireGuard is down: not answered' pings client 1 $FAR -W 1
settled wire
is 'WireGuard is down: nothing in the clear' $(($(seen wire "host $FAR or host $T") - clear)) 0
gone WireGuard
must $IP -n peer route del $T dev wg0

modprobe -a esp4 esp6 xfrm_user xfrm_interface 2>/dev/null || :
must ip link add ipsec0 type xfrm dev up0 if_id 7
must ip link set ipsec0 up
esp box if_id 7
esp peer
policy peer $T $FAR in
policy peer $FAR $T out
policy box $FAR $T in if_id 7
policy box $FAR $T fwd if_id 7
policy box $FAR ${CL}0/$LEN fwd if_id 7
policy box $T $FAR out if_id 7
must $IP -n peer route add $T via $BOX
recipe tunnel-snat$SIX TUNNEL=ipsec0 SNAT=$T BEYOND=$BEYOND
through 'an xfrm interface' "esp and src $BOX and dst $PEER"
gone 'an xfrm interface'
must ip link del ipsec0
must ip xfrm policy flush
must ip xfrm state flush

esp box
policy box $FAR $T in
policy box $FAR $T fwd
policy box $FAR ${CL}0/$LEN fwd
policy box $T $FAR out
recipe tunnel-snat$SIX SNAT=$T BEYOND=$BEYOND
through 'a policy' "esp and src $BOX and dst $PEER"
gone 'a policy'
