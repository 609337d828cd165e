# SPDX-License-Identifier: GPL-2.0-only
# A kernel that is preemptible (preempt=full), with all its checks of locks: two CPUs
# flood nvi0, and routes and rules of the second lookup change all the time. What a
# CPU keeps stays whole: nobody leaves by another one's route.
#
#   client --- cl0 [box] up0 --- peer,  up1 --- peer2
# claims: L10
# flavours: debug
# append: preempt=full
# cpus: 2
# weight: 20
# spread: no
topology
host peer2
wire box up1 192.0.3.1/24,2001:db8:4::1/64 peer2 eth0 192.0.3.2/24,2001:db8:4::2/64
must sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
check 'the kernel is preemptible' sh -c 'dmesg | grep -q "Dynamic Preempt: full"'
is 'CPUs' "$(nproc)" 2
# 64 destinations change their uplink, 64 do not.
MOVES4=203.0.113.64/26 STAYS4=203.0.113.128/26 MOVES6=2001:db8:3::a:0/112 STAYS6=2001:db8:3::b:0/112
for p in peer peer2; do
	must ip -n $p route add local 203.0.113.0/24 dev lo
	must ip -n $p -6 route add local 2001:db8:3::/64 dev lo
	for d in $MOVES4 $STAYS4; do must on $p iptables -A INPUT -d $d -j DROP; done
	for d in $MOVES6 $STAYS6; do must on $p ip6tables -A INPUT -d $d -j DROP; done
done
nvi nvi0
for f in 4 6; do
	[ $f = 4 ] && moves=$MOVES4 stays=$STAYS4 one="via $PEER dev up0" two='via 192.0.3.2 dev up1'
	[ $f = 4 ] || moves=$MOVES6 stays=$STAYS6 one="via $PEER6 dev up0" two='via 2001:db8:4::2 dev up1'
	must ip -$f route add default dev nvi0 table 50
	must ip -$f rule add pref 20 iif cl0 lookup 50
	must ip -$f rule add pref 10 iif nvi0 lookup 60
	must ip -$f rule add pref 11 iif nvi0 lookup 61
	must ip -$f route add $stays $one table 61
	must ip -$f route add $moves $one table 61
	must ip -$f route add $moves $two table 62
	for _ in 1 2 3 4 5 6 7 8; do
		echo "route add $moves $two table 60"
		echo "rule add pref 5 iif nvi0 to $moves lookup 62"
		echo "route del $moves table 60"
		echo 'rule del pref 5'
	done >/run/changes$f
done
cat >/run/flood.py <<'END'
import os, socket, sys
os.sched_setaffinity(0, {int(sys.argv[1])})
s4 = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s6 = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
n = 0
while True:
    n += 1
    # Some as fragments, by the receive path
    data = bytes(3000 if n % 16 == 0 else 40)
    i = n * 37 % 64
    for s, to in ((s4, '203.0.113.%d' % (64 + i)), (s4, '203.0.113.%d' % (128 + i)),
                  (s6, '2001:db8:3::a:%x' % i), (s6, '2001:db8:3::b:%x' % i)):
        try:
            s.sendto(data, (to, 9))
        except OSError:
            pass
END
for cpu in 0 1; do on client python3 /run/flood.py $cpu & done
got() { on "$1" "$2-save" -c | awk -v d="$3" '$5 == d { sub(/\[/, ""); sub(/:.*/, ""); print }'; }
# At least 15 seconds; on a busy host, until each counter has something to say.
enough() {
	[ "$(nvi_stat nvi0 direct)" -ge 300 ] && [ "$(nvi_stat nvi0 rx_fragment)" -ge 50 ] &&
		[ "$(got peer2 iptables $MOVES4)" -ge 5 ] && [ "$(got peer2 ip6tables $MOVES6)" -ge 5 ] &&
		[ "$(got peer iptables $MOVES4)" -ge 10 ] && [ "$(got peer ip6tables $MOVES6)" -ge 10 ]
}
uptime
until=$((${_up%.*} + 15)) last=$((${_up%.*} + 90 * ${SLOW:-1})) n=0
while :; do
	must ip -4 -batch /run/changes4
	must ip -6 -batch /run/changes6
	n=$((n + 1))
	uptime
	[ "${_up%.*}" -ge $until ] || continue
	! enough || [ $n -lt 5 ] || break
	[ "${_up%.*}" -lt $last ] || break
done
# shellcheck disable=SC2046 # a list
must kill -9 $(ip netns pids client)
at_least 'changes' $((n * 64)) 320
at_least 'datagrams routed again' "$(nvi_stat nvi0 direct)" 300
at_least 'fragments' "$(nvi_stat nvi0 rx_fragment)" 50
for p in "iptables $MOVES4 $STAYS4" "ip6tables $MOVES6 $STAYS6"; do
	read -r t moves stays <<-END
		$p
	END
	at_least "to $moves by up0" "$(got peer $t $moves)" 10
	at_least "to $moves by up1" "$(got peer2 $t $moves)" 5
	at_least "to $stays by up0" "$(got peer $t $stays)" 50
	is "to $stays by up1" "$(got peer2 $t $stays)" 0
done
must ip link del nvi0
check 'the module goes' wait_for 20 rmmod nvi
