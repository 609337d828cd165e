# SPDX-License-Identifier: GPL-2.0-only
# MASQUERADE at -o lo: lo's own global address if it has one; if not, another
# device's, and the log says which. No packet is lost, whatever becomes of the
# entry on the second pass. (Left alone, NAT kills the entry and the packet when
# it leaves by another device than it was masqueraded for: 100 % loss, no log.)
# leaks: yes
# weight: 9
topology
hole_from cl0
must ip -6 nexthop add id 1 dev lo
must ip -6 route add default nhid 1 table 50
must ip -6 rule add iif cl0 lookup 50
must ip rule add fwmark 0x50 lookup 50
must ip -6 rule add fwmark 0x50 lookup 50
must sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
stock_sysctls
LO=203.0.113.65 LO6=2001:db8:9::1
must ip -n peer route add $LO via $BOX
must ip -n peer -6 route add $LO6 via $BOX6
for ipt in iptables ip6tables; do
	must $ipt -t nat -A POSTROUTING -o lo -j MASQUERADE
	must $ipt -t mangle -A PREROUTING -i lo -j MARK --set-mark 0
done
must iptables -t mangle -A OUTPUT -d $FAR -j MARK --set-mark 0x50
must ip6tables -t mangle -A OUTPUT -d $FAR6 -j MARK --set-mark 0x50
capture wire peer eth0

# The addresses that the log has named since the last call, into /run/new.
warnings() {
	dmesg | sed -n 's/.*xt_UNHOLE: MASQUERADE at -o lo took \([^,]*\), which is not an address of lo: .*/\1/p' >/run/all
	tail -n +$(($(wc -l </run/seen) + 1)) /run/all >/run/new
	cp /run/all /run/seen
}
# The sources of requests on the wire since the last call, into /run/sources:
# each with its number.
sources() {
	settled wire
	tcpdump -Z root -n -r /run/capture.wire/pcap 'icmp[0] == 8 or (icmp6 and ip6[40] == 128)' 2>/dev/null |
		awk '{ print $3 }' >/run/wire
	tail -n +$(($(wc -l </run/wire.seen) + 1)) /run/wire | uniq -c | awk '{ print $1 " from " $2 }' >/run/sources
	cp /run/wire /run/wire.seen
}
: >/run/seen
: >/run/wire.seen
warnings

# phase WHAT NS ADDRESS4 ADDRESS6 WARNINGS: three pings in each family; these
# sources have to be on the wire, and so many addresses in the log.
phase() {
	conntrack -F 2>/dev/null
	# The box's own: from another address than the one that is taken.
	from4='' from6=''
	[ "$2" = client ] || from4="-I $BOX" from6="-I $BOXCL6"
	check "$1: IPv4 is answered" pings "$2" 3 $FAR $from4
	check "$1: IPv6 is answered" pings "$2" 3 $FAR6 $from6
	sources
	warnings
	is "$1: no packet is lost" "$(cat /run/sources)" "3 from $3
3 from $4"
	if [ "$5" = 0 ]; then
		is "$1: the log is silent" "$(cat /run/new)" ''
	else
		is "$1: one warning for each connection, with the address" "$(cat /run/new)" "$3
$4"
	fi
}

# Which of the box's addresses it takes is the kernel's choice: in IPv4 that of
# its first device, in IPv6 the one nearest to the destination.
in_mode() { # OPTION
	for ipt in iptables ip6tables; do
		must $ipt -t raw -F
		must $ipt -t raw -A PREROUTING -i lo -j UNHOLE $1
		[ "$1" != --reset-ct ] || must $ipt -t raw -A PREROUTING -i lo -j CT --zone 2
	done
}
for mode in '' --notrack --reset-ct; do
	in_mode $mode
	phase "${mode:-entry kept}" client $BOXCL $BOX6 1
	[ "$mode" != --reset-ct ] || is "$mode: the second pass has an entry in its zone" \
		"$(conntrack -L -p icmp -w 2 2>/dev/null | grep -c "dst=$FAR")" 1
done
check 'TCP, 1 MiB, byte for byte' tcp_copy client peer $FAR 5001 1
warnings
for mode in --notrack --reset-ct ''; do
	in_mode $mode
	phase "${mode:-entry kept}: local origin" box $BOXCL $BOX6 1
done

# What MASQUERADE takes may be the source that the packet has already. NAT has
# changed nothing then, and is bound to lo all the same.
check 'the address that the packet has, IPv4: answered' pings box 2 $FAR -I $BOXCL
check 'the address that the packet has, IPv6: answered' pings box 2 $FAR6 -I $BOX6
sources
warnings
is 'no packet is lost' "$(cat /run/sources)" "2 from $BOXCL
2 from $BOX6"
is 'and there is nothing to say' "$(cat /run/new)" ''

addresses box lo $LO/32,$LO6/128
for mode in --notrack --reset-ct ''; do
	in_mode $mode
	phase "${mode:-entry kept}: local origin, lo has an address" box $LO $LO6 0
	phase "${mode:-entry kept}: lo has an address" client $LO $LO6 0
done
must ip addr del $LO/32 dev lo

# Thirty connections at once: the log is spared, the packets are not.
must on client mausezahn eth0 -q -c 1 -A $CLIENT -B $FAR \
	-b "$(cat /sys/class/net/cl0/address)" -t udp sp=2000-2029,dp=4000 >/dev/null
settled wire
warnings
is 'thirty connections at once all pass' "$(seen wire 'udp dst port 4000')" 30
at_most 'and the log is spared most of them' "$(wc -l </run/new)" 10
at_least 'though not silent' "$(wc -l </run/new)" 1
