# SPDX-License-Identifier: GPL-2.0-only
# IPv6: a connected socket keeps the route of what it gets, and early demux gives
# that route to the next packet instead of a lookup's. An unholed packet that SNAT
# has made look like the socket's peer does not come in that way.
# not on: stock: it has no exemption that could be misused
# spread: no
topology
must sysctl -qw net.ipv6.conf.all.forwarding=1
is 'early demux is on' "$(sysctl -n net.ipv4.ip_early_demux net.ipv4.udp_early_demux | tr '\n' ' ')" '1 1 '
# As VRF set-ups do: "local" behind the rule that leads into the hole.
must ip -6 nexthop add id 50 dev lo
must ip -6 route add default nhid 50 table 50
must ip -6 rule add iif cl0 to $BOX6 lookup 50 pref 10
must ip -6 rule add lookup local pref 20
must ip -6 rule del pref 0
unhole6
must ip6tables -t nat -A POSTROUTING -o lo -s $CLIENT6 -p udp -j SNAT --to-source "[$PEER6]:5000"
# Else its own flow would hold the tuple that SNAT wants.
must ip6tables -t raw -A PREROUTING -i up0 -j CT --notrack
socat -u "UDP6:[$PEER6]:5000,bind=[$BOX6]:4000" CREATE:/run/got &
wait_for 5 sh -c 'ss -Hun | grep -q :4000' || must false
true_peer() {
	on peer sh -c "echo $1 | socat -u - 'UDP6-SENDTO:[$BOX6]:4000,bind=[$PEER6]:5000'"
	check "datagram $1 of the socket's peer arrives" wait_for 5 grep -q "$1" /run/got
}
false_peer() {
	_u=$(($(stat_unhole unholed) + 1))
	on client sh -c "echo $1 | socat -u - UDP6-SENDTO:[$BOX6]:4000"
	wait_for 5 _unholed $_u || not_ok "$1 did not go through the hole"
}
_unholed() { [ "$(stat_unhole unholed)" -ge "$1" ]; }
# Two from the true peer: the first is looked up, the second by early demux.
for i in 1 2 3; do true_peer true-$i; done
errors=$(mib Ip6InAddrErrors)
false_peer false-1
# Behind it, by the same queue.
true_peer true-4
is "the client's did not reach the socket" "$(grep -c false /run/got)" 0
is 'Ip6InAddrErrors counts it' $(($(mib Ip6InAddrErrors) - errors)) 1

must ip6tables -t raw -D PREROUTING -i lo -j UNHOLE
must conntrack -F
unhole6 --allow-local
false_peer false-2
check 'with --allow-local it does' wait_for 5 grep -q false-2 /run/got
