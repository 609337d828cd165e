# SPDX-License-Identifier: GPL-2.0-only
# An egress MTU of 1280: UDP with DF learns the path's MTU, also where SNAT to a pool
# has changed its address, UDP without DF is fragmented, TCP flows; of a client and
# of the box, in both families. A TTL that ends on the second pass is reported, too.
# claims: L10
# kernels: 6.1 6.12 stock
# weight: 6
topology
must sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
nvi nvi0
must ip route del $FAR
must ip -6 route del $FAR6
for f in -4 -6; do
	must ip $f rule add pref 10 iif nvi0 lookup 60
	must ip $f route add default dev nvi0
done
must ip route add $FAR via $PEER table 60 mtu lock 1280
must ip -6 route add $FAR6 via $PEER6 table 60 mtu 1280
must iptables -t nat -A POSTROUTING -o nvi0 -j SNAT --to-source 203.0.113.99
must ip6tables -t nat -A POSTROUTING -o nvi0 -j SNAT --to-source 2001:db8:50::1
must ip -n peer route add 203.0.113.99 via $BOX
capture peer peer eth0
for ns in client box; do
	out=$(on $ns ping -n -c 2 -i 0.3 -W 2 -M 'do' -s 1400 $FAR)
	says "$ns: ICMP with DF learns the path's MTU" "$out" 'mtu = 1280'
	out=$(pings $ns 3 $FAR6 -s 1400 -i 0.3)
	says "$ns: in IPv6: only the first is lost" "$out" '2 received'
	check "$ns: without DF: fragmented" pings $ns 2 $FAR -M dont -s 1400
	speaks "$ns" $ns peer $FAR
	speaks "$ns, IPv6" $ns peer $FAR6
done
settled peer
is 'nothing over 1280 bytes is on the wire' "$(seen peer "$(longer 1280) and (src 203.0.113.99 or src 2001:db8:50::1)")" 0
out=$(on client ping -n -c 1 -W 2 -t 2 $FAR)
says 'a TTL that ends on the second pass: the client hears of it' "$out" 'exceeded' '+1 errors'
out=$(pings client 1 $FAR6 -t 2)
says 'in IPv6 as well' "$out" '+1 errors'
