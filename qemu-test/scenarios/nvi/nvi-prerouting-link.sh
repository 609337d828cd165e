# SPDX-License-Identifier: GPL-2.0-only
# A link and the private flag prerouting: on the second pass PREROUTING sees the nvi
# device, and FORWARD the link. What the second lookup delivers here enters INPUT from the
# nvi device, never from the link, which a firewall may trust. In IPv6:
# nvi-prerouting-link-ipv6.
# patches: none
# claims: L10
# spread: no
topology
family "${F:-4}"
must sysctl -qw $FORWARDING=1
must ip link add trusted type dummy
must ip link set trusted up
NVI_FLAGS='prerouting on'
nvi nvi0 trusted
must $IP route add default dev nvi0 table 50
must $IP rule add fwmark 0x50 lookup 50 pref 50
must $IP rule add iif cl0 lookup 50 pref 51
must $IPT -t mangle -A OUTPUT -d $FAR -j MARK --set-mark 0x50
must $IPT -t mangle -A PREROUTING -i nvi0 -j MARK --set-mark 0
for i in trusted nvi0 cl0; do
	must $IPT -t raw -A PREROUTING -i $i -d $FAR -m comment --comment again-$i
	must $IPT -A FORWARD -i $i -o up0 -m comment --comment via-$i
	must $IPT -A INPUT -i $i -d $BOX -m comment --comment to-$i
done
# by HOOK: how many came by the link, the nvi device, and the client's device.
by() { echo "$(rule_packets "comment $1-trusted" $IPT) $(rule_packets "comment $1-nvi0" $IPT) $(rule_packets "comment $1-cl0" $IPT)"; }
check 'a client is answered' pings client 2 $FAR
check 'and so is the box' pings box 3 $FAR
is 'PREROUTING sees the nvi device' "$(by again)" '0 5 2'
is 'and FORWARD the link' "$(by via)" '5 0 0'

# To an address of the box, which for once is not asked for first.
must $IP rule add iif nvi0 lookup local pref 9
must $IP rule add pref 100 lookup local
must $IP rule del pref 0
must $IPT -t mangle -A PREROUTING -i cl0 -d $BOX -j MARK --set-mark 0x50
must $IP rule del pref 51
check 'delivered here' pings client 2 $BOX
is 'INPUT sees the nvi device' "$(by to)" '0 2 0'
