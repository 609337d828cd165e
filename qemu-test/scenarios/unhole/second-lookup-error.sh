# SPDX-License-Identifier: GPL-2.0-only
# A client behind SNAT hears of a second lookup that fails, with each of the target's
# options: the error goes to its own address, and names the packet that it sent. (Without
# the patches --reset-ct loses it: the new entry knows nothing of the first one's NAT.)
# not on: stock: --reset-ct loses the answer without the patches
topology
must sysctl -qw net.ipv4.ip_forward=1
must ip addr add 192.0.2.9/24 dev up0
must ip route add default dev lo table 52
must ip rule add iif cl0 to 203.0.113.0/24 lookup 52 pref 10
must ip rule add iif lo to $FAR prohibit pref 9
must iptables -t nat -A POSTROUTING -o lo -p udp -j SNAT --to-source 192.0.2.9
n=0
for o in '' --notrack --reset-ct; do
	n=$((n + 1))
	must iptables -t raw -F
	unhole $o
	capture cl$n client eth0
	on client sh -c "echo x | socat -u - UDP4-SENDTO:$FAR:4001,bind=$CLIENT:123$n"
	_heard() { [ "$(show cl$n 'icmp[0] == 3' | grep -c "$CLIENT.123$n > $FAR.4001")" = 1 ]; }
	check "option '$o': the client hears of it" wait_for 5 _heard
done
