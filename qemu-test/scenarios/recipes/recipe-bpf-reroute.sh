# SPDX-License-Identifier: GPL-2.0-only
# A second lookup by a route's BPF program, and no module of ours: what it does as nvi
# does, of clients and of the box, in both families, with strict rp_filter; then what it
# does not, which the recipe names: FORWARD, INPUT, MASQUERADE, FTP, errors for the client.
# Nothing is done where a tool is missing.
#
#                      up1 --- far1, by the main table
#   client --- cl0 [box]
#                      up2 --- peer, by the translated source
# patches: none
# weight: 20
host client far1 peer
S2=192.0.2.129 S2_6=2001:db8:22::1 GW2=192.0.2.130 GW2_6=2001:db8:22::2
wire box cl0 $BOXCL/24,$BOXCL6/64 client eth0 $CLIENT/24,$CLIENT6/64
wire box up1 $BOX/25,$BOX6/64 far1 eth0 $PEER/25,$PEER6/64
wire box up2 $S2/25,$S2_6/64 peer eth0 $GW2/25,$GW2_6/64
for h in far1 peer; do must batch $h "addr add $FAR/32 dev lo" "addr add $FAR6/128 dev lo nodad"; done
must batch client "route add default via $BOXCL" "route add default via $BOXCL6"
must batch far1 "route add default via $BOX" "route add default via $BOX6"
must batch peer "route add default via $S2" "route add default via $S2_6"
must batch box "route add $FAR via $PEER" "route add $FAR6 via $PEER6"
capture up1 far1 eth0
capture up2 peer eth0
both_settled() { settled up1; settled up2; }

out=$(sh /unhole/recipes/bpf-reroute.sh 2>&1)
is 'no loader: it fails' "$?" 1
says 'and names the cure' "$out" 'error: /unhole/recipes/bpf-return is missing' 'cure: ' 'cc -o bpf-return'
refute 'before it has done anything' ip link show reroute0
recipe bpf-reroute LOADER=bpf-return CLIENT_IF=cl0 FAR=$FAR FAR6=$FAR6 SNAT=$S2 GW=$GW2 SNAT6=$S2_6 GW6=$GW2_6
nft list table inet unhole-bpf-reroute >/run/nft
recipe_again() { # its rules
	nft flush table inet unhole-bpf-reroute && nft -f /run/nft && conntrack -F 2>/dev/null
}
unload() { for m in xt_UNHOLE nvi; do ! grep -q "^$m " /proc/modules || rmmod $m || return; done; }
check 'no module of ours is there' wait_for 10 unload
for to in $FAR $FAR6; do
	says "unhole-path names such a route, $to" "$(unhole-path to $to mark 0x10)" 'unknown: the route to reroute0 has a BPF program'
done
is 'and its doctor, each' "$(unhole-path doctor | grep -c 'the IPv[46] route "default dev reroute0 table 50" has a BPF program')" 2

# --- as with nvi -------------------------------------------------------------
for ns in client box; do
	for to in $FAR $FAR6; do speaks "$ns to $to" $ns peer $to; done
	for to in $FAR $FAR6; do check "$ns to $to, fragments" pings $ns 2 $to -s 4000; done
done
both_settled
is 'nothing takes the uplink of the main table' "$(seen up1 "host $FAR or host $FAR6")" 0
is 'every source is translated' "$(seen up2 "dst $FAR and not src $S2") $(seen up2 "dst $FAR6 and not src $S2_6")" '0 0'
is 'one conntrack entry for a connection' "$(conntrack -L -p tcp 2>/dev/null | grep -c "src=$CLIENT dst=$FAR .*dport=7 .*dst=$S2")" 1
is 'the TTL is lowered once, of a client' "$(seen up2 "icmp[0] == 8 and ip[8] == 63 and ip[2:2] == 84")" 3
is 'and not at all, of the box' "$(seen up2 "icmp[0] == 8 and ip[8] == 64 and ip[2:2] == 84")" 3

# A strict uplink, where the main table leads to it: the reply's reverse lookup has cl0 as
# its device, and must not find reroute0.
must ip route replace $FAR via $GW2
must sysctl -qw net.ipv4.conf.all.rp_filter=1
for ns in client box; do check "$ns: with rp_filter 1" pings $ns 2 $FAR; done
must sysctl -qw net.ipv4.conf.all.rp_filter=0
must ip route replace $FAR via $PEER

# Large packets stay whole.
for w in 'box cl0' 'client eth0' 'box up2' 'peer eth0'; do
	on ${w% *} ethtool -K ${w#* } tso on gso on gro on tx on rx on >/dev/null 2>&1
done
n=5000
for ns in client box; do
	for to in $FAR $FAR6; do
		n=$((n + 1)) was=$(cat /sys/class/net/up2/statistics/tx_packets)
		check "$ns to $to: $BULK MiB, byte for byte" tcp_copy $ns peer $to $n $BULK
		at_most "$ns to $to: in large packets" $(($(cat /sys/class/net/up2/statistics/tx_packets) - was)) $((BULK * 1048576 / 1448 / 2))
	done
done
# Of a client in a VRF, the second lookup is one of the default VRF.
must ip link add red type vrf table 70
must batch box 'link set red up' 'link set cl0 master red'
must ip -6 addr replace $BOXCL6/64 dev cl0 nodad
must ip route add $CLIENT dev red
bpf=$(mktemp -d)
must mount -t bpf bpf $bpf
must bpf-return lwt_xmit 128 $bpf/reroute
must ip route add default encap bpf xmit pinned $bpf/reroute dev reroute0 table 70
check 'a client in a VRF' pings client 2 $FAR
must batch box 'link set cl0 nomaster' 'link del red' "route replace $CLIENT/32 dev cl0"
must ip -6 addr replace $BOXCL6/64 dev cl0 nodad

# --- not as with nvi ---------------------------------------------------------
must nft add table ip probe
must nft 'add chain ip probe forward { type filter hook forward priority 0; }'
must nft 'add chain ip probe input { type filter hook input priority 0; }'
must nft "add rule ip probe forward ip daddr $FAR counter"
must nft "add rule ip probe input ip daddr 192.0.2.77 iif lo counter"
passed() { nft list chain ip probe "$1" | sed -n 's/.* packets \([0-9]*\) .*/\1/p'; }
must pings client 3 $FAR >/dev/null
is 'FORWARD is crossed once, by the first lookup' "$(passed forward)" 3

# What its second lookup delivers on the box comes in as -i lo.
must ip addr add 192.0.2.77/32 dev cl0
must ip rule add pref 0 lookup 60
must ip rule del pref 0 lookup local
must ip rule add pref 5 lookup local
must ip rule add pref 1 iif cl0 to 192.0.2.77 lookup 50
must pings client 1 192.0.2.77 >/dev/null
is 'outside traffic enters INPUT as -i lo' "$(passed input)" 1
must ip rule del pref 1
must ip rule add pref 0 lookup local
must ip rule del pref 5
must ip rule del pref 0 lookup 60

# sent NS ADDRESS: how many of two pings get to the peer, by either uplink.
sent() {
	both_settled
	_before=$(($(seen up1 "$PING") + $(seen up2 "$PING")))
	pings "$1" 2 "$2" -W 0.3 >/run/pings
	both_settled
	echo $(($(seen up1 "$PING") + $(seen up2 "$PING") - _before))
}
PING='icmp[0] == 8 or icmp6[0] == 128'

# MASQUERADE binds a connection to the device that it first leaves by: the second one
# kills it, whether there is an address to take or not.
for address in '' 203.0.113.99/32; do
	[ -z "$address" ] || must ip addr add $address dev reroute0
	must nft insert rule inet unhole-bpf-reroute postrouting oifname reroute0 masquerade
	conntrack -F 2>/dev/null
	is "MASQUERADE${address:+, with an address} loses all" "$(sent client $FAR) $(sent box $FAR)" '0 0'
	must recipe_again
done

# FTP: helper and adjustment of sequence numbers come twice, as with the box's own
# packets and UNHOLE.
F=4
. /unhole/ftp.sh
must modprobe nf_nat_ftp
must iptables -t raw -A PREROUTING -i cl0 -d $FAR -p tcp --dport 21 -j CT --helper ftp
ftp client $((4 * ${SLOW:-1}))
says 'FTP: it begins' "$(cat /run/ftp.log)" '230 Login successful' '200 PORT command successful'
refute 'FTP: nothing arrives' cmp /run/ftp/file /run/got
must iptables -t raw -F PREROUTING

# A policy for the translated source holds: nothing leaves in the clear.
must ip xfrm policy add dir out src $S2 dst $FAR tmpl src $S2 dst $GW2 proto esp mode tunnel
must ip xfrm policy add dir out src $S2_6 dst $FAR6 tmpl src $S2_6 dst $GW2_6 proto esp mode tunnel
conntrack -F 2>/dev/null
for to in $FAR $FAR6; do
	is "IPsec: nothing leaves in the clear, $to" "$(sent client $to) $(sent box $to)" '0 0'
done
must ip xfrm policy flush

# A client does not hear of a smaller MTU behind it, but of the device's; nor that there is
# no second route. (With nvi it hears of all.)
small() { for to in $FAR $FAR6; do check "$1: a small packet passes, $to" pings client 1 $to; done; }
small 'before'
must ip route change default via $GW2 table 101 mtu lock 1280
must ip -6 route change default via $GW2_6 table 101 mtu 1280
out=$(on client ping -n -c 3 -i 0.3 -W 1 -M 'do' -s 1400 $FAR)
says 'a smaller MTU is not told' "$out" '3 packets transmitted, 0 received, 100%'
out=$(on client ping -n -c 3 -i 0.3 -W 1 -s 1400 $FAR6)
says 'nor in IPv6' "$out" '3 packets transmitted, 0 received, 100%'
small 'behind the smaller MTU'
must ip link set reroute0 mtu 1280
out=$(on client ping -n -c 2 -i 0.3 -W 2 -M 'do' -s 1400 $FAR)
says "with that of the device it is" "$out" 'mtu = 1280'
out=$(pings client 3 $FAR6 -s 1400 -i 0.3)
says 'in IPv6, too' "$out" '2 received'
must ip link set reroute0 mtu 1500
for f in -4 -6; do must ip $f rule add pref 1 iif lo lookup 101; must ip $f route flush table 101; done
must ip route add unreachable default table 101
must ip -6 route add unreachable default table 101
for to in $FAR $FAR6; do
	out=$(on client ping -n -c 2 -i 0.3 -W 1 $to)
	says "no second route, $to: not told" "$out" '2 packets transmitted, 0 received, 100%'
done
for f in -4 -6; do
	must ip $f rule del pref 1
	must ip $f route flush table 101
done
must ip route add default via $GW2 table 101
must ip -6 route add default via $GW2_6 table 101

small 'with a second route again'

# What is led there by both lookups is stopped.
for v in "-4 $S2 $FAR" "-6 $S2_6 $FAR6"; do
	set -- $v
	must ip $1 rule add pref 1 from $2 lookup 50
	is "a loop is cut, $3" "$(sent client $3) $(sent box $3)" '0 0'
	must ip $1 rule del pref 1
	check "and the box goes on, $3" pings client 2 $3
done
# (A few lines in five seconds, for both families.)
at_least 'the log says so, whoever sent it' "$(dmesg | grep -c 'recursion limit')" 1
