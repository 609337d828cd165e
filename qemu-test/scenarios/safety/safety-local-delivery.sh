# SPDX-License-Identifier: GPL-2.0-only
# Outside traffic that goes through the hole and is then for the box must not pass INPUT
# as -i lo: directly, with NAT on the way to an address of the box, by a VRF device, by TEE, or
# with a source that the sender has made up. No rule of the user's is needed for that, and
# none undoes it. (In IPv6 nobody validates the source.)
# weight: 8
# spread: no
topology
family "${F:-4}"
stock_sysctls
must sysctl -qw $FORWARDING=1
# As VRF set-ups do: "local" behind the rules that lead into the hole, and VRFs' own.
if [ "$F" = 6 ]; then
	must ip -6 nexthop add id 50 dev lo
	into='default nhid 50' NOWHERE=2001:db8:99::1
else
	into='default dev lo' NOWHERE=10.99.0.1
fi
must $IP route add $into table 50
must $IP rule add iif cl0 to $BOX lookup 50 pref 10
must $IP rule add lookup local pref 2000
must $IP rule del pref 0
must $IPT -P INPUT DROP
must $IPT -A INPUT -i lo -j ACCEPT
must $IPT -A INPUT -i up0 -j ACCEPT
[ "$F" = 4 ] || must $IPT -A INPUT -p icmpv6 -j ACCEPT
unhole_it() { must $IPT -t raw -A PREROUTING -i lo -j UNHOLE "$@"; }
unhole_it
socat -u "UDP$F-RECV:4000,bind=$(_host $BOX)" CREATE:/run/got &
wait_for 5 _listens box u 4000
[ "$F" = 4 ] && counter=IpInAddrErrors || counter=Ip6InAddrErrors
_unholed() { [ "$(stat_unhole unholed)" -ge "$1" ]; }

# deliver NS TEXT [SOCAT-OPTIONS]: a datagram to the box, which goes through the hole.
deliver() {
	_u=$(($(stat_unhole unholed) + 1))
	on "$1" sh -c "echo $2 | socat -u - UDP$F-SENDTO:$(_host $BOX):4000${3:+,$3}"
	wait_for 5 _unholed $_u || not_ok "$2 did not go through the hole"
	# Something behind it that does arrive, by the same queue.
	check "$2: the box still talks to itself" pings box 1 "$([ "$F" = 4 ] && echo 127.0.0.1 || echo ::1)"
}
accepted() { rule_packets '-A INPUT -i lo -j ACCEPT' $IPT; }
# kept WHAT NS TEXT [SOCAT-OPTIONS]: it reaches neither the socket nor the firewall.
kept() {
	_errors=$(mib $counter) _kept=$1 _accepted=$(accepted)
	shift
	deliver "$@"
	refute "$_kept: it did not reach the socket" grep -q "$2" /run/got
	is "$_kept: $counter counts it" $(($(mib $counter) - _errors)) 1
	# The two of the ping, and no more.
	is "$_kept: -i lo has not accepted it" $(($(accepted) - _accepted)) 2
}
kept 'plainly' client plain

# NAT makes its source one of the box.
must $IPT -t nat -A POSTROUTING -o lo -p udp --sport 1112 -j SNAT --to-source $BOX
kept 'SNAT to the address of the box' client natted sourceport=1112
if [ "$F" = 6 ]; then
	must ip -n client addr add $BOXCL6/128 dev lo nodad
	kept 'a source that is made up' client spoofed "bind=[$BOXCL6]"
	must ip -n client addr del $BOXCL6/128 dev lo
fi

# By a VRF, whose route on lo is an output route, as that of the box's own packets.
must ip link add red type vrf table 10
must ip link set red up
if [ "$F" = 4 ]; then
	must ip route replace default dev red table 50
	must ip route add default dev lo vrf red
	kept 'by a VRF' client vrf
	must ip route replace default dev lo table 50
fi

# By TEE, whose copy has an output route, too, to a gateway behind lo. (IPVS takes a way
# out by loopback for one to the box itself, and lets the packet in where it came from.)
must $IP rule del iif cl0 to $BOX pref 10
must $IP route add $NOWHERE ${into#default }
must $IPT -t mangle -A PREROUTING -i cl0 -p udp --dport 4000 -j TEE --gateway $NOWHERE
kept 'by TEE' client copied
must $IPT -t mangle -F PREROUTING
must $IP rule add iif cl0 to $BOX lookup 50 pref 10

# Nor does a rule that accepts it before everything else.
must nft -f - <<EOT
table inet first { chain input { type filter hook input priority -2147483648; policy accept; iifname lo accept; }; }
EOT
kept 'an nftables chain that accepts it first' client first
must nft delete table inet first

# The box's own counts as outside, since a packet does not say where it is from.
must $IP rule add fwmark 0x50 to $BOX lookup 50 pref 11
must $IPT -t mangle -A OUTPUT -p udp -d $BOX --dport 4000 -j MARK --set-mark 0x50
must $IPT -t mangle -A PREROUTING -i lo -j MARK --set-mark 0
kept "the box's own, led into the hole" box own
must $IPT -t mangle -F

# Whoever wants it says so.
must $IPT -t raw -F
unhole_it --allow-local
errors=$(mib $counter)
deliver client allowed
check '--allow-local: it arrives' wait_for 5 grep -q allowed /run/got
is "--allow-local: $counter counts nothing" $(($(mib $counter) - errors)) 0
# What was made here, and never saw the hole, may be delivered here.
check 'loopback works under that policy' sh -c "echo here | socat -u - UDP$F-SENDTO:$(_host $BOX):4000"
check 'and arrives' wait_for 5 grep -q here /run/got
