# SPDX-License-Identifier: GPL-2.0-only
# unhole-path, nvi devices: path-predict for 64 more packets, both families, devices
# with and without "link". Besides the way: the device that FORWARD or INPUT sees,
# and what nvi counts.
# weight: 14
. /unhole/predict.sh
predict_topology
nvi nvi0
nvi nvi1
nvi nvi2 up1
SEED=${SEED:-5} MORE='nvi1 up1' BY='iif iif'
counted='drop_loop drop_martian drop_no_route rx_local'

# 16 configurations of a family.
configurations() {
	n=0
	while [ $n -lt 16 ]; do
		case $n in 0) front nft ;; 8) front legacy ;; esac
		n=$((n + 1))
		pick DEV nvi0 nvi0 nvi2
		pick dst $A_FAR $A_FAR $A_FAR $A_FAR $A_BOX
		[ $dst = $A_BOX ] && moved=yes || moved=no
		pick src $A_SRC
		pick snat '' '' $A_SNAT
		pick forward 1 1 1 1 1 0
		pick rp 0 0 0 1 2
		HOLE="default dev $DEV"
		SYS=$DEV,forward$forward,rp$rp,moved-$moved
		predict_enter
		predict_nvi
		predict_second
		case $FAM in
		4) must sysctl -qw net.ipv4.ip_forward=$forward net.ipv4.conf.all.rp_filter=$rp ;;
		6) must sysctl -qw net.ipv6.conf.all.forwarding=$forward ;;
		esac
		predict_apply
		predict_and_send client "$OPTS_CLIENT"
		predict_and_send local "$OPTS_LOCAL"
		predict_undo
	done
	front ''
}
FAM=4 IPT=iptables ALL=32 GW1=198.18.0.2 LO='dev lo'
A_FAR=$FAR A_BOX=$BOX A_SRC="$CLIENT $CLIENT $CLIENT 10.9.9.9" A_SNAT="$BOX 192.0.2.9 203.0.113.200 127.0.0.5"
configurations
FAM=6 IPT=ip6tables ALL=128 GW1=2001:db8:4::2 LO='nhid 56'
A_FAR=$FAR6 A_BOX=$BOX6 A_SRC="$CLIENT6 $CLIENT6 2001:db8:9::9" A_SNAT="$BOX6 2001:db8:2::9 2001:db8:ff::1 fe80::5"
configurations

wrong=$(predict_judge)
cut -d' ' -f 1-3 /run/judged | sort | uniq -c
is 'every packet went the way that was predicted' "$wrong" ''
at_least 'kinds of fate' "$(cut -d' ' -f 3 /run/judged | sort -u | wc -l)" 10
is 'packets' "$(wc -l </run/judged)" 64
for c in $counted; do
	is "nvi counts as $c what was predicted" "$(for d in nvi0 nvi1 nvi2; do nvi_stat $d $c; done | awk '{ s += $1 } END { print s }')" \
		"$(grep -c "\"counter\":\"$c\"" /run/predicted)"
done
