# SPDX-License-Identifier: GPL-2.0-only
# IPVS by direct routing is what it was beside the patches and the UNHOLE rule: the
# virtual address is on the box's lo and on that of each real server, which answers the
# client by a way of its own. A third real server is the box. It is asked by a client, and
# by the box (by itself: a far server's answer could not come back), in both families,
# without the rule and with it; no packet of it is unholed.
#
#   client --- cl0 [box: the virtual address on lo] up1 --- real1: that, too
#     | |                                           up2 --- real2: that, too
#     | `--- r1 ------------------------------------- eth1 of real1: its answers
#     `----- r2 ------------------------------------- eth1 of real2: its answers
#
# weight: 6
. /unhole/ipvs.sh
wire client r1 10.1.0.1/24,2001:db8:a1::1/64 real1 eth1 10.1.0.2/24,2001:db8:a1::2/64
wire client r2 10.2.0.1/24,2001:db8:a2::1/64 real2 eth1 10.2.0.2/24,2001:db8:a2::2/64
capture client client eth0
capture one client r1
capture two client r2
for f in 4 6; do
	family $f
	directors_box
	[ $F = 4 ] && WAY=10. || WAY=2001:db8:a
	[ $F = 4 ] && END=.0.1 || END=::1
	must $IP -n real1 route replace default via ${WAY}1$END
	must $IP -n real2 route replace default via ${WAY}2$END
	for ns in box real1 real2; do
		must on $ns ip addr add $VIP/$ALL dev lo
		serve $ns $VIP
	done
	must $IP -n client route add $VIP via $BOXCL
	service -g
	for rule in without with; do
		[ $rule = without ] || must $IPT -t raw -A PREROUTING -i lo -j UNHOLE
		unholed=$(stat_unhole unholed)
		is "IPv$F, $rule the rule, a client: each server answers" "$(asked client)" 'box box real1 real1 real2 real2'
		for r in $REAL1 $REAL2; do real -d $r; done
		is "IPv$F, $rule the rule, the box: its own server answers" "$(asked box)" 'box box box box box box'
		for r in $REAL1 $REAL2; do real -a $r -g; done
		is "IPv$F, $rule the rule: nothing is unholed" $(($(stat_unhole unholed) - unholed)) 0
	done
	for c in client one two; do settled $c; done
	at_least "IPv$F: by the first server itself" "$(seen one "tcp and src $VIP")" 8
	at_least "IPv$F: by the second itself" "$(seen two "tcp and src $VIP")" 8
	at_least "IPv$F: by the box for its own" "$(seen client "tcp and src $VIP")" 8
done
