# SPDX-License-Identifier: GPL-2.0-only
# unhole-path's reasons, one by one: the reason that it gives, and the kernel's own
# word for it (an errno, an ICMP error, a counter, what the peer sees).
# weight: 12
topology
stock_sysctls
must sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
must modprobe -a vrf xt_UNHOLE nvi
capture wire peer eth0
must hole_local
must hole_from cl0
unhole
hole_local6
hole_from6 cl0
unhole6
mac=$(cat /sys/class/net/cl0/address)
# why WHAT REASON EXIT-STATUS ARGUMENTS...
why() {
	_w=$1 _want="$2 $3"
	shift 3
	unhole-path -j "$@" >/run/json
	_x=$?
	is "$_w: the reason" "$(sed 's/.*"reason":"\([^"]*\)".*/\1/' /run/json) $_x" "$_want"
}
sends() { echo x | socat -u - "UDP$(_fam "$1")-SENDTO:$(_host "$1"):4000${2:+,$2}" 2>&1; }
told() { on "${2:-box}" ping -n -c 1 -W $((2 * ${SLOW:-1})) "$1" 2>&1; }
# raw4 SOURCE DESTINATION, raw6 SOURCE DESTINATION: by the client, whatever its
# addresses are. arrived: how many have come
# to the peer since it was last asked.
raw4() { must on client mausezahn -q eth0 -c 3 -b "$mac" -A "$1" -B "$2" -t udp sp=1,dp=4000 -P x; }
raw6() { must on client mausezahn -q eth0 -c 3 "$(frame6 "$mac" 020000000001 "$1" "$2" 4000)"; }
was=0
arrived() { # WHAT WANTED
	settled wire
	_n=$(seen wire 'udp dst port 4000')
	is "$1" $((_n - was)) $2
	was=$_n
}
# counts COUNTER COMMAND...: the three packets that it sends.
counts() {
	_c=$1 _before=$(mib "$1")
	shift
	"$@"
	is "$_c counts it" $(($(mib "$_c") - _before)) 3
}

echo '# controls: these do leave'
why 'the box' unholed 0 to $FAR
sends $FAR
why 'a client' unholed 0 to $FAR from $CLIENT iif cl0
raw4 $CLIENT $FAR
why 'a client, IPv6' unholed 0 to $FAR6 from $CLIENT6 iif cl0
raw6 $CLIENT6 $FAR6
arrived 'and so they do' 7

echo '# no route, error routes, error rules'
for table in 'prohibit 198.18.1.1' 'unreachable 198.18.1.2' 'blackhole 198.18.1.3'; do must ip route add $table; done
must ip rule add to 198.18.1.4 prohibit pref 40
must ip -6 route add prohibit 2001:db8:18::1
# The box: its socket is told. A client: the second lookup's ICMP error.
while read -r to reason socket icmp; do
	why "the box to $to" $reason 1 to $to
	says 'its socket is told' "$(sends $to)" "$(echo $socket | tr _ ' ')"
	[ $to != 198.18.1.4 ] || must ip rule add iif lo to $to prohibit pref 41
	[ $to != 198.18.1.4 ] || must ip rule del pref 40
	case $to in *:*) from=$CLIENT6 ;; *) from=$CLIENT ;; esac
	why "a client to $to" $reason 1 to $to from $from iif cl0
	[ $icmp != - ] || refute 'it is told nothing' grep -q 'From ' <<-EOT
		$(told $to client)
	EOT
	[ $icmp = - ] || says 'it is told' "$(told $to client)" "$(echo $icmp | tr _ ' ')"
done <<-EOT
	198.18.1.1 error-route Permission_denied Packet_filtered
	198.18.1.2 error-route No_route_to_host Destination_Host_Unreachable
	198.18.1.3 error-route Invalid_argument -
	198.18.1.4 error-rule Permission_denied Packet_filtered
	198.18.1.5 no-route Network_is_unreachable Destination_Net_Unreachable
	2001:db8:18::1 error-route Permission_denied Administratively_prohibited
	2001:db8:18::2 no-route Network_is_unreachable No_route
EOT

echo '# sources'
why "a source that is not the box's" not-own-source 1 to $FAR from 203.0.113.99
says 'its socket is told' "$(sends $FAR bind=203.0.113.99)" 'Cannot assign requested address'
why "a client with the box's" martian-source 1 to $FAR from $BOX iif cl0
raw4 $BOX $FAR
why 'a client with a multicast one' refused 1 to $FAR from 224.1.2.3 iif cl0
raw4 224.1.2.3 $FAR
arrived 'nothing of these leaves' 0
must sysctl -qw net.ipv4.conf.cl0.rp_filter=1
why 'one that is elsewhere, rp_filter=1' rp-filter 1 to $FAR from $FAR iif cl0
counts TcpExtIPReversePathFilter raw4 $FAR $FAR
must sysctl -qw net.ipv4.conf.cl0.rp_filter=0
why 'link-local' link-local-source 1 to $FAR6 from fe80::77 iif cl0
counts Ip6InAddrErrors raw6 fe80::77 $FAR6
why 'loopback, by a NIC' refused 1 to $FAR from 127.0.0.1
says 'its socket is told' "$(sends $FAR bind=127.0.0.1)" 'Invalid argument'
why 'loopback' loopback-address 1 to $FAR from 127.0.0.1 mark 0x80
before=$(stat_unhole genuine)
sends $FAR bind=127.0.0.1,setsockopt-int=1:36:128
at_least 'the target leaves it alone' $(($(stat_unhole genuine) - before)) 1
arrived 'nothing of these leaves' 0

echo '# forwarding'
must sysctl -qw net.ipv4.conf.cl0.forwarding=0
why 'off where it comes in' forwarding-off 1 to $FAR from $CLIENT iif cl0
counts IpInAddrErrors raw4 $CLIENT $FAR
must sysctl -qw net.ipv4.conf.cl0.forwarding=1

echo '# an egress with a smaller MTU'
must ip link set up0 mtu 1280
why 'a client' unholed 0 to $FAR from $CLIENT iif cl0
says 'and a note' "$(unhole-path to $FAR from $CLIENT iif cl0)" 'the egress MTU is 1280'
says 'the sender is told' "$(on client ping -n -c 1 -W 2 -M "do" -s 1300 $FAR 2>&1)" 'Frag needed and DF set (mtu = 1280)'
must ip link set up0 mtu 1500

echo '# what is not followed: unknown'
must ip link add red type vrf table 77
must ip link set red up
must ip route add 198.18.3.0/24 dev red
must ip -6 route add 2001:db8:18:4::/64 encap seg6 mode encap segs $PEER6 dev up0
why 'broadcast' not-unicast 3 to 192.0.2.255 from $CLIENT iif cl0
why 'a VRF' vrf 3 to 198.18.3.1
why 'a VRF, by the second lookup' vrf 3 to 198.18.3.1 from $CLIENT iif cl0
why 'a lightweight tunnel' tunnel 3 to 2001:db8:18:4::1
why 'a lightweight tunnel, by the second lookup' tunnel 3 to 2001:db8:18:4::1 from $CLIENT6 iif cl0

echo '# which kernel it is may be hidden'
must sysctl -qw net.ipv4.conf.lo.accept_local=0
must mount -t tmpfs none /sys/module/xt_UNHOLE/parameters
if [ $PATCHED = 1 ]; then
	why 'the name of the kernel says it' unholed 0 to $FAR
else
	why 'nothing says it' core-unknown 3 to $FAR
	why 'told' martian-source 1 --core no to $FAR
fi
must umount /sys/module/xt_UNHOLE/parameters
