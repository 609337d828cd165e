# SPDX-License-Identifier: GPL-2.0-only
# A source in 127/8 never reaches the wire through the hole, also where
# route_localnet would let it; nor does a destination there come in.
# kernels: 6.1 6.12 stock
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

# DNAT on the second pass is not possible here, but NAT's reply direction can
# set a destination; a rule after UNHOLE that translates is the same to the
# lookup: the mark must not open 127/8.
must iptables -t nat -A PREROUTING -i lo -p udp --dport 4002 -j DNAT --to-destination 127.0.0.1:4003
socat -u UDP4-RECV:4003,bind=127.0.0.1 CREATE:/run/trapped &
wait_for 5 _listens box u 4003
hole_from cl0
must sysctl -qw net.ipv4.ip_forward=1
on client sh -c "echo x | socat -u - UDP4-SENDTO:$FAR:4002"
check 'a client behind the hole works' on client sh -c "echo x | socat -u - UDP4-SENDTO:$FAR:4004"
settled wire
is 'nothing came in to 127.0.0.1' "$(wc -c </run/trapped)" 0
