# SPDX-License-Identifier: GPL-2.0-only
# packet-path.svg, README's figure, is what a packet does: the trace is taken
# again, with the rule and without, drawn, and compared with the parts of the file
# that this kernel can judge (make figure writes it).
# weight: 8
topology
stock_sysctls
# The second lookup alone knows the way, by the translated source.
must ip route del $FAR via $PEER
recipe snat-own
must ip rule add iif lo from 192.0.2.9 lookup 101
must ip route add default via $PEER table 101
must pings box 1 $PEER >/dev/null
must pings client 1 $BOXCL >/dev/null

# Each hook has a rule that matches and does nothing, else the trace is silent there.
for hook in PREROUTING FORWARD POSTROUTING; do
	must iptables -t mangle -A $hook -p icmp -m comment --comment seen
done
must iptables -t raw -I PREROUTING -p icmp -j TRACE
T=/sys/kernel/tracing
must test -e $T/events/fib/fib_table_lookup/enable

# trace NAME LAST: one ping, traced into /run/NAME until the line LAST is there.
trace() {
	d=/run/$1
	mkdir -p $d
	capture "wire-$1" peer eth0
	capture "client-$1" client eth0
	must conntrack -F 2>/dev/null
	xtables-monitor --trace >$d/xt 2>&1 &
	monitor=$!
	# It listens when it has a netlink socket of netfilter's in its hands.
	must wait_for 10 sh -c "awk -v p=$monitor '\$2 == 12 && \$3 == p { f = 1 } END { exit !f }' /proc/net/netlink"
	for l in /sys/class/net/*; do echo "$(cat "$l/ifindex") ${l##*/}"; done >$d/links
	ip rule >$d/rules
	lo=$(rx lo)
	echo >$T/trace
	echo 1 >$T/events/fib/fib_table_lookup/enable
	on client ping -n -c 1 -W 2 -t 64 $FAR >$d/ping
	settled "wire-$1"
	settled "client-$1"
	wait_for 10 grep -q "$2" $d/xt || not_ok "$1: the trace has no '$2'"
	echo 0 >$T/events/fib/fib_table_lookup/enable
	cat $T/trace >$d/fib
	echo $(($(rx lo) - lo)) >$d/passes
	kill $monitor
	show "wire-$1" icmp >$d/wire
	show "client-$1" icmp >$d/client
}
# drawn PART NAME: what the file has between the part's two marks is what is drawn.
drawn() {
	if ! python3 /unhole/figure.py $1 /run/$2 >"$RESULTS/figure.$1" 2>/run/err; then
		not_ok "$1: $(cat /run/err)"
		cat /run/$2/*
		return
	fi
	sed -n "/^<!-- begin: $1 -->\$/,/^<!-- end: $1 -->\$/{/^<!-- /d;p}" /unhole/packet-path.svg >/run/committed
	check "packet-path.svg, part $1: as traced (else: make figure)" diff /run/committed "$RESULTS/figure.$1"
}

trace unholed "IN=up0 OUT=cl0 .*DST=$CLIENT"
drawn way unholed
must iptables -t raw -D PREROUTING -i lo -j UNHOLE
if [ $PATCHED = 1 ]; then
	trace held 'IN=lo .*TTL=63 '
	drawn patched held
else
	# The last rounds: all of them are too much for the trace's socket.
	must iptables -t raw -D PREROUTING -p icmp -j TRACE
	must iptables -t raw -A PREROUTING -p icmp -m ttl --ttl-lt 3 -j TRACE
	trace held 'IN=lo .*TTL=1 '
	drawn stock held
fi
