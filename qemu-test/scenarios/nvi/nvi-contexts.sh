# SPDX-License-Identifier: GPL-2.0-only
# Contexts in which a transmit function must not handle a packet itself: what the
# kernel's per-CPU sockets send (echo replies, TCP resets), what a tunnel sends, and
# what the second lookup leads into a lightweight tunnel.
# They go by the receive path on nvi0. An echo reply that is too big for the true
# egress is the proof: the error about it comes back to the same socket.
# patches: none
# claims: L10
# weight: 6
topology
must sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
nvi nvi0
must ip link set nvi0 mtu 9000
# What the box sends to the peer's far address goes through nvi0.
must ip route del $FAR
must ip -6 route del $FAR6
for f in -4 -6; do
	must ip $f route add default dev nvi0 table 50
	must ip $f rule add pref 10 iif nvi0 lookup 60
done
must ip rule add pref 20 to $FAR lookup 50
must ip -6 rule add pref 20 to $FAR6 lookup 50
must ip route add $FAR via $PEER table 60
must ip -6 route add $FAR6 via $PEER6 table 60 mtu 1300
must iptables -t raw -A PREROUTING -i nvi0 -m comment --comment nvi
must ip6tables -t raw -A PREROUTING -i nvi0 -m comment --comment nvi
context() { nvi_stat nvi0 rx_context; }

was=$(context)
check 'the peer is answered by the box' pings peer 3 $BOX -I $FAR
is 'echo replies go by the receive path' $(($(context) - was)) 3
is 'PREROUTING on nvi0 sees them' "$(rule_packets 'comment nvi')" 3
was=$(context)
check 'the peer is answered in IPv6' pings peer 3 $BOX6 -I $FAR6
is 'echo replies go by the receive path' $(($(context) - was)) 3
# A reply of 1,400 bytes does not fit in 1,300: the first is lost, and its error is
# heard, so that the next ones come as fragments.
out=$(pings peer 4 $BOX6 -I $FAR6 -s 1400 -i 0.3)
says 'a reply that is too big: only the first is lost' "$out" '3 received'

was=$(context)
refute 'a closed port refuses' on peer timeout 5 socat -u OPEN:/dev/null "TCP4:$BOX:5009,bind=$FAR"
is 'its reset goes by the receive path' $(($(context) - was)) 1
# In IPv6 that socket is not locked.
refute 'and in IPv6' on peer timeout 5 socat -u OPEN:/dev/null "TCP6:[$BOX6]:5009,bind=[$FAR6]"
is 'its reset does not need to' $(($(context) - was)) 1
was=$(context)
check "the box's own ping" pings box 3 $FAR
is 'is handled directly' $(($(context) - was)) 0

# A next hop with a lightweight tunnel (SRv6, of either family): its state is set up
# by the receive path's lookup. In IPv4 that one validates the source.
capture peer peer eth0
tunnels() { # FROM TO ENCAPSULATED [WHAT]
	f=-$(_fam $2) what="a lightweight tunnel, $1 to $2${4+, $4}"
	was=$(context) sent=$(seen peer 'ip6[6] == 43')
	old=$(ip $f route show $2 table 60)
	must ip $f route replace $2 encap seg6 mode encap segs $PEER6 dev up0 table 60
	refute "$what: nobody decapsulates" pings $1 2 $2 -W 0.3
	is "$what: by the receive path" $(($(context) - was)) 2
	settled peer
	is "$what: encapsulated" $(($(seen peer 'ip6[6] == 43') - sent)) $3
	must ip $f route replace $old table 60
}
tunnels box $FAR6 2
tunnels client $FAR 2
tunnels box $FAR 0
must sysctl -qw net.ipv4.conf.nvi0.accept_local=1
tunnels box $FAR 2 accept_local
must sysctl -qw net.ipv4.conf.nvi0.accept_local=0
was=$(context)
check 'without it: answered' pings box 2 $FAR
is 'without it: directly' $(($(context) - was)) 0

# A tunnel whose underlay is nvi0.
must ip link add ipip0 type ipip local $BOX remote $FAR ttl 64
addresses box ipip0 10.7.0.1/30
must ip -n peer link add ipip0 type ipip local $FAR remote $BOX
addresses peer ipip0 10.7.0.2/30
check 'through a tunnel over nvi0' pings box 3 10.7.0.2
is 'its packets go by the receive path' $(($(context) - was)) 3
speaks 'the tunnel' box peer 10.7.0.2
must ip link add ip6tnl1 type ip6tnl mode ipip6 local $BOX6 remote $FAR6 encaplimit none
addresses box ip6tnl1 10.7.1.1/30
must ip -n peer link add ip6tnl1 type ip6tnl mode ipip6 local $FAR6 remote $BOX6 encaplimit none
addresses peer ip6tnl1 10.7.1.2/30
was=$(context)
check 'through an IPv6 tunnel over nvi0' pings box 3 10.7.1.2
is 'its packets go by the receive path' $(($(context) - was)) 3

# A tunnel that leads into itself by way of nvi0: each round adds a header, and it
# ends after a few, not when the MTU does.
must ip route replace $FAR dev ipip0 table 60
was=$(nvi_stat nvi0 drop_nested)
sent=$(cat /sys/class/net/ipip0/statistics/tx_packets)
refute 'a tunnel into itself carries nothing' pings box 1 10.7.0.2 -W 1
is 'it is stopped' $(($(nvi_stat nvi0 drop_nested) - was)) 1
at_most 'after a few rounds' $(($(cat /sys/class/net/ipip0/statistics/tx_packets) - sent)) 6
