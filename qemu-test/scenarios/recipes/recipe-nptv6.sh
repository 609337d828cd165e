# SPDX-License-Identifier: GPL-2.0-only
# Recipe nptv6: two hosts inside, each leaves with the prefix of its own provider and by it,
# and by no other: with conntrack (NETMAP) and stateless (SNPT, DNPT), where the far side
# reaches the hosts, too. Path MTU. Who is not among them does not leave with an inside
# address. With an nvi device: nvi-recipe-nptv6.
# weight: 12
family 6
host client w1 w2
wire box cl0 $BOXCL6/64 client eth0 $CLIENT6/64,${CL}3/64,${CL}4/64
wire box up1 2001:db8:2:1::1/64 w1 eth0 2001:db8:2:1::2/64
wire box up2 2001:db8:2:2::1/64 w2 eth0 2001:db8:2:2::2/64
must ip -n client -6 route add default via $BOXCL6
for n in 1 2; do
	addresses w$n lo $FAR6/128
	# A provider knows its own prefix only.
	must ip -n w$n -6 route add 2001:db8:a$n::/64 via 2001:db8:2:$n::1
done
must ip -6 route add default via 2001:db8:2:1::2
capture one w1 eth0
capture two w2 eth0
stock_sysctls
sent() { settled $1; seen $1 "icmp6[0] == 128 and src net 2001:db8:a$2::/64"; }
far() { # PORT: an upload to the second provider's side
	tcp_copy client w2 $FAR6 $1 1
}
for HOW in netmap stateless; do
	export HOW
	[ $HOW = netmap ] || modprobe -q ip6t_NPT || :
	recipe nptv6
	a=$(sent one 1) b=$(sent two 2)
	check "$HOW: the first host is answered" pings client 3 $FAR6 -I ${CL}2
	check "$HOW: the second, too" pings client 3 $FAR6 -I ${CL}3
	is "$HOW: each by its own provider" "$(($(sent one 1) - a)) $(($(sent two 2) - b))" '3 3'
	is "$HOW: none by the other" "$(sent one 2) $(sent two 1)" '0 0'
	refute "$HOW: a third one stays" pings client 1 $FAR6 -I ${CL}4 -W 1
	is "$HOW: no inside address outside" "$(settled one; settled two; seen one "net ${CL}/64") $(seen two "net ${CL}/64")" '0 0'
	must ip -n client -6 route replace default via $BOXCL6 src ${CL}3
	check "$HOW: TCP, 1 MiB" far 5001
	must ip link set up2 mtu 1400
	must ip -n w2 link set eth0 mtu 1400
	check "$HOW: TCP, 1 MiB, by 1400 bytes" far 5002
	must ip link set up2 mtu 1500
	must ip -n w2 link set eth0 mtu 1500
	must ip -n client -6 route flush cache
	must ip -n client -6 route replace default via $BOXCL6
	if [ $HOW = stateless ]; then
		settled two
		# The translation is neutral to checksums, so that the host's part may change.
		outside=$(show two "icmp6[0] == 128" | sed -n 's/.* \(2001:db8:a2:[0-9a-f:]*\) > .*/\1/p' | tail -n 1)
		check 'stateless: the far side reaches the second host' pings w2 2 "$outside" -I $FAR6
	fi
	must sh /unhole/recipes/nptv6.sh undo
	conntrack -F -f ipv6 2>/dev/null
	is "$HOW: undone" "$(ip -6 rule | grep -c -v 'lookup local\|lookup main$')" 0
done
