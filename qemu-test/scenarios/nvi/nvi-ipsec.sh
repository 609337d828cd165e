# SPDX-License-Identifier: GPL-2.0-only
# IPsec. A packet that a policy wants encrypted never leaves in the clear, not even
# while there is no key. The box's own ESP is not encrypted once more, and comes in by
# nvi0, whoever sent what is in it. What has come in by an xfrm interface, fragments
# too, passes once policies let it. Nothing of that keeps the egress from going.
# patches: none
# claims: L10
# weight: 8
topology
must sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
for m in esp4 esp6 xfrm_user xfrm_interface; do modprobe -q $m; done
key() { echo "auth-trunc hmac(sha256) 0x$(printf "%064d" 7) 128 enc cbc(aes) 0x$(printf "%032d" 7)"; }
nvi nvi0
must sysctl -qw net.ipv4.conf.nvi0.disable_xfrm=1 # for the second pass
for f in -4 -6; do
	must ip $f rule add pref 20 iif cl0 lookup 50
	must ip $f rule add pref 20 fwmark 0x50 lookup 50
	must ip $f rule add pref 10 iif nvi0 lookup main
done
must ip route add default dev nvi0 table 50 src $BOX
must ip -6 route add default dev nvi0 table 50 src $BOX6
capture peer peer eth0

# A policy, and a key manager that never answers: packets are held, then dropped.
must sysctl -qw net.core.xfrm_larval_drop=0
ip xfrm monitor acquire >/run/acquire 2>&1 &
monitor=$!
asked() { # until the kernel asks the key manager
	pings client 1 "$1" -W 0.3
	grep -q "$1" /run/acquire
}
must ip xfrm policy add dir out src $CLIENT dst $FAR tmpl src $BOX dst $PEER proto esp mode tunnel
must ip xfrm policy add dir out src $CLIENT6 dst $FAR6 tmpl src $BOX6 dst $PEER6 proto esp mode tunnel
check 'no key yet: the key manager is asked' wait_for 10 asked $FAR
check 'no key yet, IPv6: the key manager is asked' wait_for 10 asked $FAR6
kill $monitor
settled peer
is 'no key yet: nothing leaves in the clear' "$(seen peer "icmp and src $CLIENT") $(seen peer "icmp6[0] == 128 and src $CLIENT6")" '0 0'
at_least 'it went to nvi0' "$(nvi_stat nvi0 direct)" 1
must ip xfrm policy flush
must sysctl -qw net.core.xfrm_larval_drop=1

# Transport mode, the box's own: ESP by the first lookup, and not again by the second.
must sysctl -qw net.ipv4.conf.nvi0.disable_xfrm=0
for v in "$BOX $FAR" "$BOX6 $FAR6"; do
	set -- $v
	must ip xfrm state add src $1 dst $2 proto esp spi 0x100 mode transport $(key)
	must ip xfrm policy add dir out src $1 dst $2 tmpl src $1 dst $2 proto esp mode transport
	pings box 3 $2 -m 80 -W 0.3 # the peer has no key
	is "$2, transport mode: encrypted once" "$(ip -s xfrm state list src $1 dst $2 | sed -n 's/.* \([0-9]*\)(packets).*/\1/p' | head -n 1)" 3
done
settled peer
is 'and on the wire' "$(seen peer "esp and dst $FAR") $(seen peer "ip6 proto 50 and dst $FAR6")" '3 3'
must ip xfrm policy flush
must ip xfrm state flush

# Tunnel mode, a client's: the box makes the outer packet.
for v in "$CLIENT $FAR $BOX 192.0.2.88 192.0.2.88/32 $PEER" "$CLIENT6 $FAR6 $BOX6 2001:db8:2::88 2001:db8:2::88/128 $PEER6"; do
	set -- $v
	f=-$(_fam $1)
	[ $f = -4 ] && t=iptables || t=ip6tables
	must ip xfrm state add src $3 dst $4 proto esp spi 0x100 mode tunnel $(key)
	must ip xfrm policy add dir out src $1 dst $2 tmpl src $3 dst $4 proto esp mode tunnel
	must ip $f rule add pref 5 iif cl0 lookup main # the first lookup of the inner packet
	must ip $f rule add pref 6 iif nvi0 lookup 60
	must ip $f route add $5 dev nvi0 src $3
	must ip $f route add $4 via $6 dev up0 table 60
	must $t -A FORWARD -p esp -i nvi0 -m comment --comment by-nvi
	must $t -A FORWARD -p esp -i cl0 -m comment --comment by-client
	pings client 2 $2 -W 0.3
	is "$2, tunnel mode: the box's ESP comes in by nvi0" "$(rule_packets by-nvi $t) $(rule_packets by-client $t)" '2 0'
	must ip $f rule del pref 5
done
must ip xfrm policy flush
must ip xfrm state flush

# An xfrm interface: the peer sends to the client by ESP, from $FAR. Its policies have an
# if_id, which only packets of the interface have.
must ip link add ipsec0 type xfrm dev up0 if_id 7
must ip link set ipsec0 up
must ip -n peer link add ipsec0 type xfrm dev eth0 if_id 7
must ip -n peer link set ipsec0 up
for v in "$PEER $BOX $FAR $CLIENT" "$PEER6 $BOX6 $FAR6 $CLIENT6"; do
	set -- $v
	f=-$(_fam $1)
	for ns in box peer; do
		must on $ns ip xfrm state add src $1 dst $2 proto esp spi 0x200 mode tunnel if_id 7 $(key)
	done
	must on peer ip xfrm policy add dir out src $3 dst $4 if_id 7 tmpl src $1 dst $2 proto esp mode tunnel
	must ip xfrm policy add dir fwd src $3 dst $4 if_id 7 tmpl src $1 dst $2 proto esp mode tunnel
	must ip -n peer $f route replace $4 dev ipsec0 src $3
	must ip $f rule add pref 4 iif ipsec0 lookup 50
	must ip $f rule add pref 3 iif nvi0 to $4 lookup main
done
must sysctl -qw net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.ipsec0.rp_filter=0
capture client client eth0
refused=$(nvi_stat nvi0 drop_refused) fragments=$(nvi_stat nvi0 rx_fragment)
for v in "$FAR $CLIENT" "$FAR6 $CLIENT6"; do
	set -- $v
	pings peer 2 $2 -I $1 -W 0.3
	pings peer 2 $2 -I $1 -W 0.3 -s 3000
done
# An option (no operation) as well.
on peer python3 -c "
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(0, socket.IP_OPTIONS, bytes([1, 1, 1, 0]))
s.bind(('$FAR', 0)); s.sendto(b'x', ('$CLIENT', 99))"
settled client
at_least 'from an xfrm interface: whole packets arrive' "$(seen client "icmp[0] == 8 and src $FAR and ip[6:2] & 0x3fff == 0")" 2
at_least 'and IPv6' "$(seen client "icmp6[0] == 128 and src $FAR6")" 2
at_least 'fragments too' "$(seen client "src $FAR and ip[6:2] & 0x1fff != 0")" 2
at_least 'and IPv6' "$(seen client "ip6[6] == 44 and src $FAR6")" 4
is 'and a packet with an option' "$(seen client "udp port 99")" 1
at_least 'fragments went by the receive path' $(($(nvi_stat nvi0 rx_fragment) - fragments)) 8
is 'nothing was refused' $(($(nvi_stat nvi0 drop_refused) - refused)) 0

# What was held for lack of a key holds the egress no longer than it is there.
{ ip link del up0 && echo >/run/gone; } &
check 'the egress can go' wait_for 6 test -e /run/gone
