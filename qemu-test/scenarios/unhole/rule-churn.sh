# SPDX-License-Identifier: GPL-2.0-only
# Insert, remove, rmmod, modprobe, under traffic, again and again: 200 times, and
# 20 in the debug flavour. Both families by turns.
# leaks: yes
# weight: 28
# cpus: 2
# timeout: 240
# spread: no
topology
hole_local
hole_local6
stock_sysctls
must sysctl -qw net.ipv4.ip_forward=1
# The kernel patches its code when the first hook of a kind comes and when the last one
# goes, and a CPU that QEMU emulates beside another one may run into the patching (see
# NOTES). These stay, so that none of the module's is the first or the last.
must nft -f - <<-END
	table inet keep {
		chain keep_pre { type filter hook prerouting priority 0; }
		chain keep_in { type filter hook input priority 0; }
		chain keep_fwd { type filter hook forward priority 0; }
		chain keep_out { type filter hook output priority 0; }
		chain keep_post { type filter hook postrouting priority 0; }
	}
END
times=200
[ "${SLOW:-1}" = 1 ] || times=20
# Traffic that the rule takes, and traffic that it leaves alone. (Without a rule ICMP
# errors come, which would end a ping that has a deadline.)
ping -n -q -i 0.01 $FAR >/dev/null 2>&1 &
one=$!
ping -n -q -i 0.01 127.0.0.1 >/dev/null 2>&1 &
two=$!
ping -n -q -i 0.01 $FAR6 >/dev/null 2>&1 &
three=$!
ko=$(modinfo -n xt_UNHOLE)
# nft_compat lets go of the module after a grace period.
gone() {
	_n=0
	until rmmod xt_UNHOLE 2>/dev/null; do
		_n=$((_n + 1))
		[ $_n -lt 200 ] || return 1
		sleep 0.02
	done
}
# What it depends on is loaded with it, and stays.
must modprobe xt_UNHOLE
must gone
i=0 refused=0 removed=0 unholed4=0 unholed6=0
while [ $i -lt $times ]; do
	i=$((i + 1))
	# Both front ends; every fourth time the rule itself loads the module.
	f=$((i / 4 % 2 * 2 + 4))
	ipt=iptables
	[ $f = 4 ] || ipt=ip6tables
	if [ $((i % 4)) = 0 ]; then
		ipt=$ipt-nft
	else
		ipt=$ipt-legacy
		insmod "$ko" || { not_ok "round $i: insmod"; break; }
	fi
	$ipt -t raw -A PREROUTING -i lo -j UNHOLE || { not_ok "round $i: insert"; break; }
	rmmod xt_UNHOLE 2>/dev/null || refused=$((refused + 1))
	# A line for each CPU that is not "00000000 ...".
	grep -qv '^00000000\|unholed' /proc/net/stat/unhole && eval "unholed$f=\$((unholed$f + 1))"
	$ipt -t raw -F PREROUTING || { not_ok "round $i: delete"; break; }
	gone || { not_ok "round $i: rmmod"; break; }
	removed=$((removed + 1))
done
is 'rounds' $i $times
is 'rmmod was refused while a rule stood, each time' $refused $times
is 'and clean afterwards, each time' $removed $times
at_least 'rounds in which IPv4 packets were unholed meanwhile' $unholed4 $((times / 10))
at_least 'and IPv6 packets' $unholed6 $((times / 10))
check 'the traffic ran all the time' kill -0 $one $two $three
kill $one $two $three
