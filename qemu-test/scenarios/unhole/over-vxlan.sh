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
# weight: 20
# shellcheck disable=SC2153 # BOX and PEER are lib.sh's
topology
. /unhole/second.sh
two_uplinks
modprobe vxlan 2>/dev/null || :
OUTER=4789
for f in 4 6; do
	tunnel_family $f
	must ip link add vx$F type vxlan id $F local $BOX remote $PEER dstport $OUTER nolearning
	must on peer ip link add vx$F type vxlan id $F local $PEER remote $BOX dstport $OUTER nolearning
	# Inner checksums are computed before the outer header is there. Where they are left
	# for later, the kernel's NAT takes the outer UDP checksum for the one that is
	# unfinished, and spoils it.
	must ethtool -K vx$F tx off >/dev/null
	addresses box vx$F $NEAR_END/$LEN,$T/$ALL
	addresses peer vx$F $FAR_END/$LEN
	into $T
	must $IP route add default via $FAR_END dev vx$F table 60
	over
	under $IPT -t mangle -A OUTPUT -p udp --dport $OUTER -j MARK --set-mark 0x50
	for who in client box; do
		check "IPv$F, over and under, $who: TCP, byte for byte" tcp_copy $who peer $FAR 5001 2
	done
	under_all_the_way
done
