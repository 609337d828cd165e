# SPDX-License-Identifier: GPL-2.0-only
# nftables' flow table beside the hole. "flow add" on either pass loses a connection
# that goes through the hole: one of the flow's two directions ends at lo, without
# a conntrack entry. For what comes in by the uplink only, it carries the whole
# connection past the hole, translated as before, and by the device of the replies.
# weight: 10
topology
OWN=192.0.2.9 OWN6=2001:db8:2::9
addresses box up0 $OWN/24,$OWN6/64
hole_from cl0
hole_from6 cl0
must sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
stock_sysctls
must iptables -t nat -A POSTROUTING -o lo -j SNAT --to-source $OWN
must ip6tables -t nat -A POSTROUTING -o lo -j SNAT --to-source $OWN6
unhole
unhole6
udp_echo peer $FAR 7
udp_echo peer $FAR6 7
capture wire peer eth0
capture client client eth0

# flows MATCH: the flow table, with such a rule.
flows() {
	must conntrack -F 2>/dev/null
	nft delete table inet flows 2>/dev/null
	cat >/run/flows.nft <<-EOT
		table inet flows {
			flowtable f { hook ingress priority 0; devices = { cl0, up0 }; }
			chain c_forward { type filter hook forward priority 0; $1 flow add @f; }
			chain c_back { type filter hook prerouting priority -400; iifname "lo" ip saddr $FAR counter; }
		}
	EOT
	must nft -f /run/flows.nft
}
# ask N [WANT]: so many questions from one port; how many were answered.
ask() {
	_n=0
	for _i in $(seq "$1"); do
		_a=$(printf 'm%s' "$_i" | on client timeout $((1 * ${SLOW:-1})) socat -t 1 - \
			"UDP$(_fam $2):$(_host $2):7,bind=:4444,readbytes=2" 2>/dev/null)
		[ "$_a" != "m$_i" ] || _n=$((_n + 1))
	done
	echo $_n
}
offloaded() { conntrack -L -f "$1" -p udp 2>/dev/null | grep -c OFFLOAD; }
# The TTLs on the wire of the requests since the last call, each with its number.
: >/run/before
ttls() {
	settled wire
	show wire "udp and src $OWN and dst $FAR" | sed -n 's/.* ttl \([0-9]*\),.*/\1/p' >/run/all
	tail -n +$(($(wc -l </run/before) + 1)) /run/all | uniq -c | awk '{ printf "%s%s of %s", n++ ? ", " : "", $1, $2 }'
	cp /run/all /run/before
}

before=$(stat_unhole unholed)
is 'no flow table: answered' "$(ask 4 $FAR)" 4
is 'no flow table: each request goes through the hole' $(($(stat_unhole unholed) - before)) 4
is 'no flow table: two lookups, two TTLs' "$(ttls)" '4 of 62'

# Kernels before 7 offload a flow through lo, and lose it. Later ones refuse that
# (nft_dev_forward_path(), net/netfilter/nf_flow_table_path.c) until the flow leaves by
# another device.
if [ "${KERNEL%%.*}" -ge 7 ]; then
	flows ''
	is 'flow add for all: answered' "$(ask 4 $FAR)" 4
	is 'flow add for all: nothing leads into lo' \
		"$(nft list table inet flows | sed -n 's/.*saddr.*counter packets \([0-9]*\) .*/\1/p')" 0
	settled client
	is 'flow add for all: the answers are translated once' "$(seen client "udp and src $FAR and dst $CLIENT and not src port 7")" 0
	flows 'iifname "cl0"'
	is 'flow add on the first pass: answered' "$(ask 3 $FAR)" 3
	settled wire
	is '... by one connection' "$(seen wire "udp and src $OWN and not src port 4444")" 0
else
	flows ''
	before=$(stat_unhole unholed)
	is 'flow add for all: no answer is heard' "$(ask 2 $FAR)" 0
	settled wire
	is 'flow add for all: though they were sent' "$(seen wire "udp and src $FAR and dst $OWN")" 6
	at_least 'flow add for all: the connection is offloaded' "$(offloaded ipv4)" 1
	is 'flow add for all: and its way back leads into lo' \
		"$(nft list table inet flows | sed -n 's/.*saddr.*counter packets \([0-9]*\) .*/\1/p')" 2
	settled client
	is 'flow add for all: where the answers are translated a second time' \
		"$(seen client "udp and src $FAR and dst $CLIENT and src port 7")" 4
	at_least '... to a port that nobody asked' "$(seen client "udp and src $FAR and dst $CLIENT and not src port 7")" 1

	flows 'iifname "cl0"'
	is 'flow add on the first pass: the third request is the first one offloaded, and lost' "$(ask 3 $FAR)" 2
	settled wire
	is '... since it leaves lo as a new connection' "$(seen wire "udp and src $OWN and not src port 4444")" 1
fi
ttls >/dev/null

# The recipe.
must nft delete table inet flows
must conntrack -F 2>/dev/null
recipe flowtable CLIENT_IF=cl0 UPLINKS=up0
before=$(stat_unhole unholed)
is 'flow add for the uplink: answered' "$(ask 4 $FAR)" 4
is 'flow add for the uplink: offloaded' "$(offloaded ipv4)" 1
is 'flow add for the uplink: only the first request goes through the hole' $(($(stat_unhole unholed) - before)) 1
is 'flow add for the uplink: translated all the same; one lookup less, one TTL more' "$(ttls)" '1 of 62, 3 of 63'
before=$(stat_unhole unholed)
check 'flow add for the uplink: TCP, 2 MiB, byte for byte' tcp_copy client peer $FAR 5001 2
at_most 'flow add for the uplink: the hole has seen its first and last packets' $(($(stat_unhole unholed) - before)) 40
settled wire
is 'no private address is on the wire' "$(seen wire "net 198.51.100.0/24 and (udp or tcp)")" 0
is 'flow add for the uplink, IPv6: answered' "$(ask 3 $FAR6)" 3
is 'flow add for the uplink, IPv6: offloaded' "$(offloaded ipv6)" 1
settled wire
is 'flow add for the uplink, IPv6: translated' "$(seen wire "udp and src $OWN6 and dst $FAR6")" 3

# Replies by another uplink: the flow leaves by that one, whatever the routes say.
wire box up1 192.0.2.201/30 peer eth1 192.0.2.202/30
must ip -n peer route add $OWN via 192.0.2.201
capture other peer eth1
must sh /unhole/recipes/flowtable.sh undo
refute 'undone: there is no flow table' nft list table inet unhole-flowtable
must conntrack -F 2>/dev/null
recipe flowtable CLIENT_IF=cl0 UPLINKS='up0, up1'
is 'replies by another uplink: answered' "$(ask 3 $FAR)" 3
settled other
is 'replies by another uplink: the requests follow them there' "$(seen other "udp and src $OWN and dst $FAR")" 2
is '... the first one having left by the route' "$(ttls)" '1 of 62'
