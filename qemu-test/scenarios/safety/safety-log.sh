# SPDX-License-Identifier: GPL-2.0-only
# The kernel log is the machine's. A user namespace writes nothing into it, whatever it
# asks the target for, and hides nothing that the machine's own administrator is to read;
# nor does one network namespace hide another one's.
# spread: no
PARAMETER=/sys/module/xt_UNHOLE/parameters/userns
must modprobe xt_UNHOLE
echo Y >$PARAMETER
is 'a user namespace may use the target' "$(cat $PARAMETER)" Y
cat >/run/noise <<'EOT'
ip link set lo up
ip addr add 10.9.9.1/32 dev lo
ip link add d0 type dummy; ip link set d0 up; ip addr add 10.8.8.1/24 dev d0
ip route add 10.7.7.0/24 dev lo
iptables-nft -t raw -A PREROUTING -i lo -j UNHOLE --set-xmark 1/1
iptables-nft -t nat -A POSTROUTING -o lo -j MASQUERADE
i=0
while [ $i -lt 30 ]; do
	i=$((i + 1))
	# Refused for its table, and a warning for each connection.
	iptables-nft -t filter -A INPUT -j UNHOLE
	iptables-nft -t mangle -A PREROUTING -j UNHOLE --reset-ct
	echo x | socat -u - UDP4-SENDTO:10.7.7.7:$((4000 + i)),bind=10.9.9.1
done >/dev/null 2>&1
EOT
chmod 755 /run /run/noise
ours() { dmesg | sed -n '/unhole-mark log$/,$p' | grep -c 'xt_UNHOLE: '; }
echo 'unhole-mark log' >/dev/kmsg
unprivileged sh /run/noise
is 'a user namespace: nothing in the log' "$(ours)" 0
echo N >$PARAMETER
# The same by root, in a network namespace: it is said.
unshare --net sh /run/noise
at_least "root's other namespace: it is said" "$(ours)" 1
# Here nothing has been said yet, so that is not used up.
n=$(ours)
refute 'a rule that is refused' iptables -t mangle -A PREROUTING -j UNHOLE --reset-ct
is 'is explained in the log at once' $(($(ours) - n)) 1
