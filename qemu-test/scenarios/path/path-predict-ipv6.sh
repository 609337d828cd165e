# SPDX-License-Identifier: GPL-2.0-only
# unhole-path, IPv6: path-predict for 48 more configurations, with nexthop
# objects and with routes dev lo, which the kernel turns into rejects.
# weight: 10
. /unhole/predict.sh
predict_topology
FAM=6 IPT=ip6tables ALL=128 GW1=2001:db8:4::2 LO='nhid 56' SEED=${SEED:-4}

n=0
while [ $n -lt 24 ]; do
	case $n in 0) front nft ;; 12) front legacy ;; esac
	n=$((n + 1))
	pick dst $FAR6 $FAR6 $FAR6 $FAR6 $FAR6 $BOX6
	[ $dst = $BOX6 ] && moved=yes || moved=no
	pick src $CLIENT6 $CLIENT6 2001:db8:9::9
	pick snat '' '' $BOX6 2001:db8:2::9 2001:db8:ff::1
	pick forward 1 1 1 0
	pick HOLE 'default nhid 56' '2001:db8:3::/64 nhid 56' 'default nhid 56' 'default dev lo'
	SYS=forward$forward,moved-$moved,$(echo $HOLE | tr " " _)
	predict_enter
	predict_unhole
	predict_second
	echo $forward >/proc/sys/net/ipv6/conf/all/forwarding
	predict_apply
	predict_and_send client "$OPTS_CLIENT"
	predict_and_send local "$OPTS_LOCAL"
	predict_undo
done
wrong=$(predict_judge)
cut -d' ' -f 1-3 /run/judged | sort | uniq -c
is 'every packet went the way that was predicted' "$wrong" ''
at_least 'kinds of fate' "$(cut -d' ' -f 3 /run/judged | sort -u | wc -l)" 6
is 'packets' "$(wc -l </run/judged)" 48
