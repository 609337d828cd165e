# SPDX-License-Identifier: GPL-2.0-only
# A device moved to another namespace, deleted, and deleted together with its
# namespace, each under full traffic, of the link device, too. What is forwarded
# goes on without it; nothing is left behind.
# patches: none
# claims: L10
# weight: 12
# cpus: 2
# leaks: yes
# spread: no
topology
host other
must sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
must ip rule add iif nvi0 lookup main
must ip rule add pref 90 iif cl0 lookup 50
must ip -6 rule add pref 90 iif cl0 lookup 50
must iptables -t nat -A POSTROUTING -o nvi0 -j MASQUERADE
# Traffic that does not wait for answers; fragments go by the receive path.
on client sh -c "while :; do timeout 20 socat -u -b 60 OPEN:/dev/zero UDP4-SENDTO:$FAR:9; done" 2>/dev/null &
on client sh -c "while :; do timeout 20 socat -u -b 4000 OPEN:/dev/zero 'UDP6-SENDTO:[$FAR6]:9'; done" 2>/dev/null &
up() { # [LINK]
	nvi nvi0 ${1:-}
	must ip route add default dev nvi0 table 50
	must ip -6 route add default dev nvi0 table 50
}
flowing() { [ "$(nvi_stat nvi0 direct)" -ge 50 ] && [ "$(nvi_stat nvi0 rx_fragment)" -ge 10 ]; }
rounds=3
[ "${SLOW:-1}" = 1 ] || rounds=2
for i in $(seq $rounds); do
	up
	check "round $i: traffic flows" wait_for 20 flowing
	check "round $i: deleted" ip link del nvi0
	must ip link add dum0 type dummy
	must ip link set dum0 up
	up dum0
	check "round $i: traffic flows, with a link" wait_for 20 flowing
	check "round $i: the link is deleted" ip link del dum0
	flowed=$(nvi_stat nvi0 direct)
	more() { [ "$(nvi_stat nvi0 direct)" -ge $((flowed + 50)) ]; }
	check "round $i: traffic goes on" wait_for 20 more
	check "round $i: moved to another namespace" ip link set nvi0 netns other
	check "round $i: and deleted there" ip -n other link del nvi0
	# The egress goes away and comes back.
	up
	check "round $i: traffic flows" wait_for 20 flowing
	must ip link set up0 down
	must ip link set up0 up
	must ip route replace $FAR via $PEER
	must ip -6 addr replace $BOX6/64 dev up0 nodad
	must ip -6 route replace $FAR6 via $PEER6
	flowed=$(nvi_stat nvi0 direct)
	check "round $i: and again when the egress is back" wait_for 20 more
	must ip link del nvi0
done
# A namespace that ends with its device, under traffic of its own.
for i in $(seq $rounds); do
	must ip netns add "n$i"
	must ip -n "n$i" link set lo up
	must ip -n "n$i" link add d0 type dummy
	must ip -n "n$i" addr add 10.0.0.1/24 dev d0
	must ip -n "n$i" link set d0 up
	must ip -n "n$i" link add nvi0 type nvi
	must ip -n "n$i" link set nvi0 up
	must ip -n "n$i" route add default dev nvi0
	must ip -n "n$i" rule add pref 10 iif nvi0 lookup 60
	must ip -n "n$i" route add default via 10.0.0.2 table 60
	on "n$i" timeout $((20 * ${SLOW:-1})) socat -u -b 4000 OPEN:/dev/zero UDP4-SENDTO:$FAR:9 2>/dev/null &
	went() { [ "$(on "n$i" ethtool -S nvi0 | awk '$1 == "rx_fragment:" { print $2 }')" -ge 10 ]; }
	check "namespace $i: traffic flows" wait_for 20 went
	# Without its name the namespace lives as long as a process in it: it ends with that,
	# and what is on its way then.
	pids=$(ip netns pids "n$i")
	must ip netns del "n$i"
	# shellcheck disable=SC2086 # a list
	must kill -9 $pids
done
# The senders, and the loops that start them: else a slow guest has no time for RCU.
# shellcheck disable=SC2046 # a list
must kill -9 $(ip netns pids client)
unregistered() { [ "$(lsmod | awk '$1 == "nvi" { print $3 }')" = 0 ]; }
check 'no device is left' wait_for 20 unregistered
check 'and no reference to one: the module goes' rmmod nvi
