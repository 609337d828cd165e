# SPDX-License-Identifier: GPL-2.0-only
# A tunnel that ends behind an nvi device: the client's ESP to VIP goes in, the second lookup
# (or DNAT, where the second pass crosses PREROUTING) delivers it to the box, which takes it
# apart. What was in it has come in by nvi0, is no packet of the second pass, and goes on
# only if a policy of the box lets it.
# patches: none
# claims: L10
# weight: 10
topology
for m in esp4 esp6 xfrm_user; do modprobe -q $m; done
must sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
KEYS="auth-trunc hmac(sha256) 0x$(printf "%064d" 7) 128 enc cbc(aes) 0x$(printf "%032d" 7)"
nvi nvi0
capture peer peer eth0
capture client client eth0

# errors: how many packets the box has refused, since no policy lets them in.
errors() { awk '$1 == "XfrmInNoPols" { print $2 }' /proc/net/xfrm_stat; }
# judge WHAT END: VIP goes in, END is the box's own address at which the tunnel ends.
judge() {
	must on client ip xfrm state add src $CLIENT dst $VIP proto esp spi 0x300 reqid 1 mode tunnel $KEYS
	must on client ip xfrm policy add src $CLIENT dst $FAR dir out tmpl src $CLIENT dst $VIP proto esp reqid 1 mode tunnel
	must ip xfrm state add src $CLIENT dst $2 proto esp spi 0x300 reqid 1 mode tunnel $KEYS
	refused=$(errors)
	settled peer
	n=$(seen peer "$REQUEST")
	pings client 2 $FAR -W 0.3
	settled client
	is "IPv$F, $1, no policy: it is refused" $(($(errors) - refused)) 2
	settled peer
	is "IPv$F, $1, no policy: nothing leaves" $(($(seen peer "$REQUEST") - n)) 0
	must $IPT -A FORWARD -i nvi0 -o up0 -s $CLIENT -m comment --comment by-nvi
	must ip xfrm policy add src $CLIENT dst $FAR dir fwd tmpl src $CLIENT dst $2 proto esp reqid 1 mode tunnel
	check "IPv$F, $1, with a policy: it is answered" pings client 2 $FAR
	is "IPv$F, $1: what was in it came in by nvi0" "$(rule_packets by-nvi $IPT)" 2
	must ip xfrm policy flush
	must ip xfrm state flush
	must on client ip xfrm policy flush
	must on client ip xfrm state flush
	must $IPT -F FORWARD
}

family "${F:-4}"
[ $F = 4 ] && VIP=203.0.113.80 || VIP=2001:db8:3::80
must $IP route add $VIP dev nvi0 src $BOX
must $IP rule add iif nvi0 lookup 60 pref 10
must $IP route add local $VIP dev lo table 60
judge 'by the second lookup' $VIP
settled client
at_least "IPv$F: it was ESP" "$(seen client "esp and dst $VIP or (ip6 and ip6[6] == 50 and dst $VIP)")" 4
must ethtool --set-priv-flags nvi0 prerouting on
judge 'by the second lookup, behind PREROUTING' $VIP
must $IP route flush table 60
must $IPT -t nat -A PREROUTING -i nvi0 -d $VIP -j DNAT --to-destination $BOX
must ethtool --set-priv-flags nvi0 reset-ct on
must $IPT -t raw -A PREROUTING -i cl0 -d $VIP -j CT --notrack
must conntrack -F -f ipv$F
judge 'by DNAT on the second pass' $BOX
