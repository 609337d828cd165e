# SPDX-License-Identifier: GPL-2.0-only
# NFQUEUE on the second pass of an nvi device: a program has each packet in its hands
# between the device and the second lookup (PREROUTING, with the private flag prerouting),
# and behind the lookup (FORWARD). It comes out by the uplink all the same. What is still
# queued when the flag, the device or the module goes does no harm: it is dropped, or,
# where nothing of nvi is left on it, goes on. In IPv6: nvi-prerouting-queue-ipv6.
# patches: none
# claims: L10
# weight: 10
topology
family "${F:-4}"
# waiting, queued: how many packets the queue has now, and has had so far.
waiting() { awk '$1 == 7 { print $3 }' /proc/net/netfilter/nfnetlink_queue; }
queued() { awk '$1 == 7 { print $8 }' /proc/net/netfilter/nfnetlink_queue; }
waits() { [ "$(waiting)" = "$1" ]; }
# listen [hold]: a program takes queue 7. release: it accepts what it has held, and ends.
mkfifo /run/hold
listen() {
	python3 /unhole/nfqueue.py 7 "$@" </run/hold &
	listener=$!
	exec 3>/run/hold
	wait_for 120 waits 0 || must false # (python3 takes a while to start)
}
release() {
	exec 3>&-
	wait $listener
}

set_up() { # [LINK]
	nvi nvi0 ${1-}
	must $IP route replace default dev nvi0 table 50
}
must $IP rule add fwmark 0x50 lookup 50 pref 50
must $IP rule add iif cl0 lookup 50 pref 51
must $IPT -t mangle -A OUTPUT -d $FAR -j MARK --set-mark 0x50
must $IPT -t mangle -A PREROUTING -i nvi0 -j MARK --set-mark 0
must sysctl -qw $FORWARDING=1
NVI_FLAGS='prerouting on'
set_up
capture wire peer eth0

listen
must $IPT -t raw -A PREROUTING -i nvi0 -j NFQUEUE --queue-num 7
check 'PREROUTING: a client is answered' pings client 3 $FAR
check 'PREROUTING: the box is answered' pings box 3 $FAR
is 'PREROUTING: each was queued' "$(queued)" 6
must $IPT -t raw -F
must $IPT -A FORWARD -i nvi0 -j NFQUEUE --queue-num 7
check 'FORWARD: a client is answered' pings client 3 $FAR
check 'FORWARD: the box is answered' pings box 3 $FAR
is 'FORWARD: each was queued' "$(queued)" 12
must $IPT -F FORWARD
kill $listener
release 2>/dev/null
settled wire
is 'each came out behind a second pass' "$(seen wire "$REQUEST and dst $FAR and ($TTL == 63 or $TTL == 62)")" 12

# Held, while something goes: held TABLE CHAIN MATCH... puts a packet of the client's there,
# gone WHAT COMMAND... takes something away beneath it.
held() {
	listen hold
	chain=$2
	must $IPT -t $1 -A $2 $3 $4 -j NFQUEUE --queue-num 7
	echo x | on client socat -u - UDP$F-SENDTO:$(_host $FAR):9
	check "$chain: it waits" wait_for 20 waits 1
}
came() { # WHAT COUNT
	release
	must $IPT -t raw -F
	must $IPT -F FORWARD
	settled wire
	is "$1" "$(seen wire "udp dst port 9 and dst $FAR")" $2
}
gone() {
	what=$1
	shift
	must "$@"
	check "$chain, $what goes: nothing waits any more" wait_for 20 waits 0
	came "$chain, $what goes: nothing comes out" 0
}
held raw PREROUTING -i nvi0
gone 'the flag' ethtool --set-priv-flags nvi0 prerouting off
must ethtool --set-priv-flags nvi0 prerouting on
held filter FORWARD -i nvi0
gone 'the device' ip link del nvi0
set_up
held raw PREROUTING -i nvi0
gone 'the device' ip link del nvi0
# FORWARD sees the link as the input device, so the packet outlives the device; and the
# module, of which it must not call anything.
NVI_FLAGS=
set_up cl0
held filter FORWARD -o up0
must ip link del nvi0
check 'the module goes beneath a packet that waits' rmmod nvi
is 'it waits' "$(waiting)" 1
came 'and goes on' 1
