# SPDX-License-Identifier: GPL-2.0-only
# Whoever owns a network namespace can lead a packet to the target by a chain of any
# type, name, hook and priority, directly or by jumps, also from user space (NFQUEUE).
# Nothing of that crashes, neither as root nor as a user without rights in a user
# namespace; and such a user may not use target and driver at all unless the
# administrator says so. (guest/attack.py makes the combinations.)
# timeout: 240
# weight: 80
# leaks: yes
# spread: no
PARAMETER=/sys/module/xt_UNHOLE/parameters/userns

# In a namespace of its own: root's of the machine, or a stranger's.
cat >/run/inside <<'EOT'
ip link set lo up
ip addr add 10.9.9.1/32 dev lo; ip addr add fd09::1/128 dev lo nodad
ip link add d0 type dummy; ip link set d0 up
sysctl -qw net.ipv4.conf.lo.accept_local=1 net.ipv4.conf.lo.forwarding=1 net.ipv6.conf.all.forwarding=1
ip route add 10.7.7.0/24 dev lo
ip -6 nexthop add id 7 dev lo; ip -6 route add fd07::/64 nhid 7
ip rule add fwmark 1 lookup 60; ip route add default dev d0 table 60
ip -6 rule add fwmark 1 lookup 60; ip -6 route add default dev d0 table 60
python3 /unhole/attack.py "$@" || exit
echo "met $(. /unhole/lib.sh; for c in unholed genuine no_route; do stat_unhole $c; done | paste -sd' ')"
EOT
chmod 755 /run /run/inside
field() { sed -n "s/.*$2 \([0-9]*\).*/\1/p" "$1"; }

# The stranger is the first to name the target: the kernel loads it for him, and refuses.
rmmod xt_UNHOLE 2>/dev/null
unprivileged sh /run/inside filter prerouting -300 >/run/stranger 2>&1
is 'a stranger, module not loaded: nothing is accepted' "$(field /run/stranger accepted)" 0
at_least '... of what he tried' "$(field /run/stranger tried)" 20
says '... "not permitted" is why' "$(cat /run/stranger)" 'refused 1:'
must modprobe xt_UNHOLE
is 'the parameter is off by default' "$(cat $PARAMETER)" N

unshare --net sh /run/inside >/run/root 2>&1 || not_ok "as root: $(tail -n 3 /run/root)"
echo "# $(cat /run/root)"
at_least 'as root: combinations' "$(field /run/root tried)" 800
at_least 'as root: accepted, and packets sent through' "$(field /run/root accepted)" 400
at_least 'as root: packets took the way by user space' "$(field /run/root queued)" 200
at_least 'as root: packets were unholed' "$(field /run/root met)" 400

echo Y >$PARAMETER
unprivileged sh /run/inside >/run/stranger 2>&1 || not_ok "as a stranger: $(tail -n 3 /run/stranger)"
echo "# $(cat /run/stranger)"
is 'a stranger who may: the same is accepted' "$(field /run/stranger accepted)" "$(field /run/root accepted)"
at_least 'a stranger who may: packets were unholed' "$(field /run/stranger met)" 400
echo N >$PARAMETER
check 'rmmod: all of it is undone' wait_for 20 rmmod xt_UNHOLE
must modprobe xt_UNHOLE
