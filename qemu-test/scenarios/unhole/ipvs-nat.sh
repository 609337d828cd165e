# SPDX-License-Identifier: GPL-2.0-only
# IPVS by NAT is what it was beside the patches and the UNHOLE rule: a virtual service of
# the box, with two real servers behind it and one on the box itself. It is asked by a
# client and by the box, in both families, without the rule and with it; no packet of it
# is unholed.
#
#   client --- cl0 [box: the virtual service, and a real server] up1 --- real1
#                                                                up2 --- real2
#
# weight: 6
. /unhole/ipvs.sh
for f in 4 6; do
	family $f
	directors_box
	must ip addr add $VIP/$ALL dev cl0
	serve box $OWN
	serve box $LOOP
	serve real1 $REAL1
	serve real2 $REAL2
	service -m
	for rule in without with; do
		[ $rule = without ] || must $IPT -t raw -A PREROUTING -i lo -j UNHOLE
		unholed=$(stat_unhole unholed)
		is "IPv$F, $rule the rule, a client: each server answers" "$(asked client)" 'box box real1 real1 real2 real2'
		is "IPv$F, $rule the rule, the box: each server answers" "$(asked box)" 'box box real1 real1 real2 real2'
		# IPVS gives what comes from outside no loopback address; the box may have it.
		real -d $OWN
		real -a $LOOP -m
		is "IPv$F, $rule the rule, the box, $LOOP: each server answers" "$(asked box)" 'box box real1 real1 real2 real2'
		real -d $LOOP
		real -a $OWN -m
		is "IPv$F, $rule the rule: nothing is unholed" $(($(stat_unhole unholed) - unholed)) 0
	done
done
