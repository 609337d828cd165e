# SPDX-License-Identifier: GPL-2.0-only
# A connected socket keeps the route of what it gets, and early demux gives that
# route to the next packet instead of a lookup's. An unholed packet that SNAT has
# made look like the socket's peer must not come in that way.
# not on: stock: it has no exemption that could be misused
# spread: no
topology
must sysctl -qw net.ipv4.ip_forward=1
is 'early demux is on' "$(sysctl -n net.ipv4.ip_early_demux net.ipv4.udp_early_demux | tr '\n' ' ')" '1 1 '
# As VRF set-ups do: "local" behind the rule that leads into the hole.
must ip route add default dev lo table 50
must ip rule add iif cl0 to $BOX lookup 50 pref 10
must ip rule add lookup local pref 20
must ip rule del pref 0
unhole
must iptables -t nat -A POSTROUTING -o lo -s $CLIENT -p udp -j SNAT --to-source $PEER:5000
# Else its own flow would hold the tuple that SNAT wants.
must iptables -t raw -A PREROUTING -i up0 -j CT --notrack
socat -u UDP4:$PEER:5000,bind=$BOX:4000 CREATE:/run/got &
wait_for 5 sh -c 'ss -Hun | grep -q :4000' || must false
# Two from the true peer: the first is looked up, the second by early demux.
for i in 1 2 3; do
	on peer sh -c "echo true-$i | socat -u - UDP4-SENDTO:$BOX:4000,bind=$PEER:5000"
	check "datagram $i of the socket's peer arrives" wait_for 5 grep -q "true-$i" /run/got
done
unholed=$(stat_unhole unholed) errors=$(mib IpInAddrErrors)
on client sh -c "echo false | socat -u - UDP4-SENDTO:$BOX:4000"
_unholed() { [ "$(stat_unhole unholed)" -gt "$unholed" ]; }
wait_for 5 _unholed
is "the client's packet went through the hole" $(($(stat_unhole unholed) - unholed)) 1
# Behind it, by the same queue.
on peer sh -c "echo true-4 | socat -u - UDP4-SENDTO:$BOX:4000,bind=$PEER:5000"
check 'the last datagram of the peer arrives' wait_for 5 grep -q true-4 /run/got
is 'and did not reach the socket' "$(grep -c false /run/got)" 0
is 'InAddrErrors counts it' $(($(mib IpInAddrErrors) - errors)) 1
