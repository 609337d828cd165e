# SPDX-License-Identifier: GPL-2.0-only
# Loopback's own traffic is what it was: the same results and the same counters
# with the rule as without it, for everything that loopback is for.
# weight: 18
# Own addresses on a device that sends nothing by itself (no MLD, no DAD), so that
# every counter is the doing of what follows.
# spread: no
must ip link add own type dummy
must sysctl -qw net.ipv6.conf.own.disable_ipv6=1
must ip link set own up
must ip addr add $BOX/24 dev own
must ip addr add $BOXCL/24 dev own
must ip addr add $BOX6/128 dev lo
must ip addr add 10.1.1.1/24 brd + dev lo
must ip route add 224.0.0.200/32 dev lo
must ip link set lo multicast on
# IPv6: a link-local address of lo's, and interface-local groups, for which no MLD
# report is sent. A route by a nexthop object; "dev lo" would reject.
must ip addr add fe80::1/64 dev lo nodad
must ip -6 nexthop add id 1 dev lo
must ip -6 route add multicast ff01::/16 nhid 1 table local
# A group of 224.0.0.0/24, for which no IGMP report is sent.
must sysctl -qw net.ipv4.igmp_link_local_mcast_reports=0
head -c 4194304 /dev/urandom >/run/payload
sum=$(sha256sum </run/payload)

_four_sums() { [ "$(wc -l </run/sums)" -eq 4 ]; }

# One round of everything; prints what came of it.
round() {
	ping -n -q -c 5 -i 0.02 -W 1 127.0.0.1 | grep -o '[0-9]* received'
	ping -n -q -c 5 -i 0.02 -W 1 localhost | grep -o '[0-9]* received'
	ping -n -q -c 5 -i 0.02 -W 1 127.255.1.2 | grep -o '[0-9]* received'
	ping -n -q -c 5 -i 0.02 -W 1 $BOX | grep -o '[0-9]* received'
	ping -n -q -c 5 -i 0.02 -W 1 -I $BOXCL $BOX | grep -o '[0-9]* received'
	ping -n -q -c 3 -i 0.02 -W 1 -b 10.1.1.255 2>/dev/null | grep -o '[0-9]* packets transmitted'
	# Looped multicast, to a member.
	timeout 10 socat -u UDP4-RECVFROM:6000,ip-add-membership=224.0.0.200:127.0.0.1 CREATE:/run/multicast &
	m=$!
	wait_for 5 sh -c 'ip maddr show dev lo | grep -q 224.0.0.200'
	echo multicast | socat -u - UDP4-DATAGRAM:224.0.0.200:6000,ip-multicast-if=127.0.0.1
	wait $m
	cat /run/multicast
	# UDP and refused ports.
	echo x | socat -t 0.2 - UDP4:127.0.0.1:9 2>&1 | grep -o 'Connection refused'
	# A TCP server under load: four clients at once.
	socat -u TCP4-LISTEN:5001,bind=127.0.0.1,fork,reuseaddr,max-children=8 SYSTEM:'sha256sum >>/run/sums' &
	srv=$!
	wait_for 5 _listens box t 5001
	: >/run/sums
	jobs=
	for i in 1 2 3 4; do
		socat -u OPEN:/run/payload TCP4:127.0.0.1:5001 &
		jobs="$jobs $!"
	done
	wait $jobs
	wait_for 20 _four_sums
	grep -cF "$sum" /run/sums
	kill $srv
	wait $srv 2>/dev/null
	ping -6 -n -q -c 5 -i 0.02 -W 1 ::1 | grep -o '[0-9]* received'
	ping -6 -n -q -c 5 -i 0.02 -W 1 $BOX6 | grep -o '[0-9]* received'
	ping -6 -n -q -c 1 -W 1 ff02::1%lo | grep -o '[0-9]* packets transmitted'
	ping -6 -n -q -c 5 -i 0.02 -W 1 -I ::1 $BOX6 | grep -o '[0-9]* received'
	ping -6 -n -q -c 5 -i 0.02 -W 1 fe80::1%lo | grep -o '[0-9]* received'
	timeout 10 socat -u 'UDP6-RECVFROM:6000,ipv6-join-group=[ff01::200]:lo' CREATE:/run/multicast6 &
	m=$!
	wait_for 5 sh -c 'ip maddr show dev lo | grep -q ff01::200'
	echo multicast6 | socat -u - 'UDP6-SENDTO:[ff01::200%lo]:6000'
	wait $m
	cat /run/multicast6
	echo x | socat -t 0.2 - 'UDP6:[::1]:9' 2>&1 | grep -o 'Connection refused'
	tcp_copy box box ::1 5002 1 && echo 'TCP to ::1 is whole'
	tcp_copy box box $BOX6 5003 1 && echo 'TCP to an own address is whole'
}

# The counters that a fixed number of packets must move by a fixed number. TCP's
# segmentation differs from run to run, so it is judged by its results.
names='IcmpInMsgs IcmpOutMsgs IcmpInEchos IcmpInEchoReps IcmpOutEchos IcmpOutEchoReps
 IcmpInDestUnreachs IcmpOutDestUnreachs IcmpInErrors UdpInDatagrams UdpNoPorts UdpOutDatagrams UdpInErrors
 IpInAddrErrors IpOutNoRoutes IpInDiscards IpOutDiscards IpForwDatagrams IpInHdrErrors
 IpInUnknownProtos IpExtInNoRoutes IpExtInMcastPkts IpExtOutMcastPkts IpExtInBcastPkts
 IpExtOutBcastPkts IpExtInCsumErrors TcpExtIPReversePathFilter TcpActiveOpens TcpPassiveOpens TcpInErrs
 TcpOutRsts TcpAttemptFails Icmp6InMsgs Icmp6InEchos Icmp6InEchoReplies Icmp6OutEchos Ip6InAddrErrors
 Ip6InNoRoutes Ip6InDiscards Ip6OutForwDatagrams Ip6InMcastPkts Ip6OutMcastPkts
 Ip6OutNoRoutes Ip6OutDiscards Ip6InHdrErrors Icmp6OutMsgs Icmp6InDestUnreachs Icmp6OutDestUnreachs
 Icmp6OutEchoReplies Udp6InDatagrams Udp6OutDatagrams Udp6NoPorts Udp6InErrors'
counters() { nstat -asz | awk -v want="$names" 'BEGIN { n = split(want, a); for (i = 1; i <= n; i++) w[a[i]] = 1 } $1 in w { print $1, $2 }' | sort; }
moved() { # BEFORE AFTER
	join "$1" "$2" | awk '{ print $1, $3 - $2 }'
}

# Once for the caches (routes, neighbours, memberships), then A and B.
round >/dev/null
counters >/run/0
round >/run/result-without
counters >/run/1
unhole
unhole6
round >/run/result-with
counters >/run/2
moved /run/0 /run/1 >/run/moved-without
moved /run/1 /run/2 >/run/moved-with
cat /run/result-with /run/moved-with
is 'the round did all of it' "$(wc -l </run/result-without)" 18
is 'and all TCP streams were whole' "$(sed -n 9p /run/result-without)" 4
check 'same results with the rule as without' diff /run/result-without /run/result-with
at_least 'counters compared' "$(wc -l </run/moved-without)" 51
check 'same counters with the rule as without' diff /run/moved-without /run/moved-with
is 'not one packet was unholed' "$(stat_unhole unholed)" 0
at_least 'all of them were passed over' "$(stat_unhole genuine)" 90
