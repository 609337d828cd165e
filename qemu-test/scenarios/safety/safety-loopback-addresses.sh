# SPDX-License-Identifier: GPL-2.0-only
# A source in 127/8 never reaches the wire through the hole, also where
# route_localnet would let it; nor does a destination there come in.
# spread: no
topology
hole_local
unhole
stock_sysctls
must sysctl -qw net.ipv4.conf.all.route_localnet=1
must sysctl -qw net.ipv4.conf.all.accept_local=1
capture wire peer eth0
check 'a packet from 127.0.0.1 is sent into the hole' \
	sh -c "echo x | socat -u - UDP4-SENDTO:$FAR:4000,bind=127.0.0.1"
check 'an ordinary one, to see the hole work' sh -c "echo x | socat -u - UDP4-SENDTO:$FAR:4001"
settled wire
is 'nothing from 127/8 on the wire' "$(seen wire 'src net 127.0.0.0/8')" 0
is 'the ordinary one is' "$(seen wire 'udp dst port 4001')" 1

# A rule between the target and the lookup may translate, if the second pass has a
# conntrack entry of its own: the mark must not open 127/8 as a destination.
must iptables -t raw -F
unhole --reset-ct --allow-local
must iptables -t raw -A PREROUTING -i lo -d $FAR -j CT --zone 9
must iptables -t nat -A PREROUTING -i lo -p udp --dport 4002 -j DNAT --to-destination 127.0.0.1:4003
must iptables -t nat -A PREROUTING -i lo -p udp --dport 4004 -j DNAT --to-destination $BOX:4005
socat -u UDP4-RECV:4003,bind=127.0.0.1 CREATE:/run/trapped &
socat -u UDP4-RECV:4005,bind=$BOX CREATE:/run/led &
wait_for 5 _listens box u 4003
wait_for 5 _listens box u 4005
check 'a packet that is translated to 127.0.0.1 on the second pass' \
	sh -c "echo x | socat -u - UDP4-SENDTO:$FAR:4002"
check 'one that is translated to another address of the box' sh -c "echo x | socat -u - UDP4-SENDTO:$FAR:4004"
check 'the latter arrives' wait_for 5 grep -q x /run/led
if [ $PATCHED = 1 ]; then
	is 'nothing came in to 127.0.0.1' "$(wc -c </run/trapped)" 0
else
	# accept_local and route_localnet, which stock needs or this test sets,
	# say that it may.
	check 'stock: the sysctls let it in' wait_for 5 grep -q x /run/trapped
fi
