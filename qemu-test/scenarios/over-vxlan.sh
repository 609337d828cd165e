# SPDX-License-Identifier: GPL-2.0-only
# VXLAN, over and under. Over: the second lookup, by the source that NAT has given, leads
# into the tunnel vx0; a client and the box reach what is behind the far end. Under: the
# tunnel's own UDP packets are led into lo, get their source there, and leave by the
# uplink that it leads to. Both at once, too: a packet is then routed four times. The
# payload is compared byte for byte, in both families. With an nvi device:
# nvi-over-vxlan.
#
#   client --- cl0 [box] up0 ------- peer: vx0, and 203.0.113.7 behind it
#                        up1 -------
#
# claims: L9
# kernels: 6.1 6.12 stock
# weight: 20
# shellcheck disable=SC2153 # BOX and PEER are lib.sh's
topology
. /unhole/second.sh
wire box up1 198.18.1.1/24,2001:db8:22::1/64 peer eth1 198.18.1.2/24,2001:db8:22::2/64
modprobe vxlan 2>/dev/null || :
capture zero box up0
capture one box up1
capture client client eth0

# by CAPTURE SOURCE: the tunnel's packets with this source.
by() { seen $1 "udp and src $2 and dst $PEER and dst port 4789"; }
for f in 4 6; do
	family $f
	[ $F = 4 ] && T=10.77.0.9 NEAR_VX=10.77.0.1 FAR_VX=10.77.0.2 BOX1=198.18.1.1 PEER1=198.18.1.2 ||
		T=2001:db8:77::9 NEAR_VX=2001:db8:77::1 FAR_VX=2001:db8:77::2 BOX1=2001:db8:22::1 PEER1=2001:db8:22::2
	must ip link add vx$F type vxlan id $F local $BOX remote $PEER dstport 4789 nolearning
	must on peer ip link add vx$F type vxlan id $F local $PEER remote $BOX dstport 4789 nolearning
	# Inner checksums are computed before the outer header is there. Where they are left
	# for later, the kernel's NAT takes the outer UDP checksum for the one that is
	# unfinished, and spoils it.
	must ethtool -K vx$F tx off >/dev/null
	addresses box vx$F $NEAR_VX/$LEN,$T/$ALL
	addresses peer vx$F $FAR_VX/$LEN
	into $T
	must $IP route add default via $FAR_VX dev vx$F table 60
	for who in client box; do
		unholed=$(passed_again)
		check "IPv$F, over, $who: answered" pings $who 3 $FAR
		is "IPv$F, over, $who: passed again" $(($(passed_again) - unholed)) 3
		speaks "IPv$F, over, $who" $who peer $FAR
	done
	settled zero
	at_least "IPv$F, over: by the first uplink" "$(by zero $BOX)" 100
	is "IPv$F, over: not by the second" "$(by one $BOX1)" 0

	# The outer packets, too, and by the other uplink.
	must $IPT -t nat -I POSTROUTING -o $VIA -p udp --dport 4789 -j SNAT --to-source $BOX1
	must $IP rule add iif $VIA from $BOX1 fwmark 0x60 lookup 61
	must $IP route add default via $PEER1 table 61
	must $IPT -t mangle -A OUTPUT -p udp --dport 4789 -j MARK --set-mark 0x50
	conntrack -F -f ipv$F 2>/dev/null
	settled zero
	sent=$(by zero $BOX) unholed=$(passed_again)
	check "IPv$F, under: answered" pings box 3 $FAR_VX
	at_least "IPv$F, under: passed again" $(($(passed_again) - unholed)) 3
	settled one
	at_least "IPv$F, under: by the second uplink, with its source" "$(by one $BOX1)" 3
	for who in client box; do
		speaks "IPv$F, over and under, $who" $who peer $FAR
		check "IPv$F, over and under, $who: TCP, byte for byte" tcp_copy $who peer $FAR 5001 2
	done
	settled zero
	settled one
	settled client
	at_least "IPv$F, over and under: by the second uplink" "$(by one $BOX1)" 100
	is "IPv$F, under: nothing more by the first" $(($(by zero $BOX) - sent)) 0
	is "IPv$F: nothing outside the tunnel" "$(seen zero "host $FAR or host $T") $(seen one "host $FAR or host $T")" '0 0'
	at_least "IPv$F: replies come back to the client" "$(seen client "$REPLY and src $FAR and dst $CLIENT")" 9
done
