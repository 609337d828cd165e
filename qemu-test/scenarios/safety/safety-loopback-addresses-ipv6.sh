# SPDX-License-Identifier: GPL-2.0-only
# IPv6: a source of ::1 never reaches the wire through the hole; nor does outside
# traffic that the second pass translates to ::1 come in: it is dropped and counted.
# spread: no
topology
hole_local6
unhole6
must sysctl -qw net.ipv6.conf.all.forwarding=1
capture wire peer eth0
lo=$(rx lo) genuine=$(stat_unhole genuine)
check 'a packet from ::1 is sent' \
	sh -c "echo x | socat -u - 'UDP6-SENDTO:[$FAR6]:4000,bind=[::1]'"
at_least 'it went into the hole' $(($(rx lo) - lo)) 1
at_least 'the target passed it over' $(($(stat_unhole genuine) - genuine)) 1
check 'an ordinary one, to see the hole work' sh -c "echo x | socat -u - UDP6-SENDTO:[$FAR6]:4001"
settled wire
is 'nothing from ::1 on the wire' "$(seen wire 'src ::1')" 0
is 'the ordinary one is' "$(seen wire 'udp dst port 4001')" 1
is 'it was unholed, and no other' "$(stat_unhole unholed)" 1

# A second pass with a conntrack entry of its own may be DNATed.
must ip6tables -t raw -F
unhole6 --reset-ct
must ip6tables -t raw -A PREROUTING -i lo -j CT --zone 2
must ip6tables -t nat -A PREROUTING -i lo -p udp --dport 4002 -j DNAT --to-destination '[::1]:4003'
must ip6tables -t nat -A PREROUTING -i lo -p udp --dport 4004 -j DNAT --to-destination "[$FAR6]:4005"
hole_from6 cl0
socat -u 'UDP6-RECV:4003,bind=[::1]' CREATE:/run/trapped &
wait_for 5 _listens box u 4003
# ask PORT TEXT, and then one that is translated to go on to the peer.
ask() {
	on client sh -c "echo $2 | socat -u - UDP6-SENDTO:[$FAR6]:$1; echo $2 | socat -u - UDP6-SENDTO:[$FAR6]:4004"
	settled wire
}
errors=$(mib Ip6InAddrErrors)
ask 4002 one
is 'Ip6InAddrErrors counts the one for ::1' $(($(mib Ip6InAddrErrors) - errors)) 1
is 'nothing came in to ::1' "$(wc -c </run/trapped)" 0
at_least 'what is translated to another host goes on' "$(seen wire "udp dst port 4005 and src $CLIENT6")" 1
