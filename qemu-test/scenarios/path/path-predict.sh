# SPDX-License-Identifier: GPL-2.0-only
# unhole-path, IPv4: for 72 generated configurations (rules of both front ends,
# marks, tables, SNAT, sysctls, local and external origin) it says which way a
# packet goes; then one is sent, and goes that way.
# weight: 12
. /unhole/predict.sh
predict_topology
FAM=4 IPT=iptables ALL=32 GW1=198.18.0.2 LO='dev lo' SEED=${SEED:-21}

n=0
while [ $n -lt 36 ]; do
	case $n in 0) front nft ;; 18) front legacy ;; esac
	n=$((n + 1))
	pick dst $FAR $FAR $FAR $FAR $FAR $FAR $BOX
	[ $dst = $BOX ] && moved=yes || moved=no
	pick src $CLIENT $CLIENT $CLIENT 10.9.9.9
	pick snat '' '' $BOX 192.0.2.9 203.0.113.200
	pick forward 1 1 1 0
	# A patched kernel does not want it, and then is not asked but understood
	if [ $PATCHED = 1 ]; then pick accept 0 0 1; else pick accept 1 1 0; fi
	pick rp 0 0 0 1 2
	pick HOLE 'default dev lo' '203.0.113.0/24 dev lo' 'default nhid 50'
	SYS=forward$forward,accept$accept,rp$rp,moved-$moved
	predict_enter
	predict_unhole
	predict_second
	echo $forward >/proc/sys/net/ipv4/ip_forward
	echo $accept >/proc/sys/net/ipv4/conf/lo/accept_local
	echo $rp >/proc/sys/net/ipv4/conf/lo/rp_filter
	predict_apply
	predict_and_send client "$OPTS_CLIENT"
	predict_and_send local "$OPTS_LOCAL"
	predict_undo
done
wrong=$(predict_judge)
cut -d' ' -f 1-3 /run/judged | sort | uniq -c
is 'every packet went the way that was predicted' "$wrong" ''
at_least 'kinds of fate' "$(cut -d' ' -f 3 /run/judged | sort -u | wc -l)" 7
is 'packets' "$(wc -l </run/judged)" 72
