# SPDX-License-Identifier: GPL-2.0-only
# While unholed traffic flows, a packet with a local source that arrives by a
# NIC is still a martian: nothing but loopback is exempt, not even a packet whose control
# block happens to hold the bit.
# not on: stock: it has no exemption that could be misused
# spread: no
topology
hole_local
unhole
must sysctl -qw net.ipv4.ip_forward=1
must ip -n peer addr add 198.51.100.200/32 dev lo
must ip -n client addr add 192.0.2.77/32 dev lo
must ip route add 192.0.2.77/32 via $CLIENT
capture client client eth0
mac=$(cat /sys/class/net/up0/address)

must iptables -t mangle -A INPUT -p udp --dport 4001 -m comment --comment spoofed
must iptables -t raw -A PREROUTING -i up0 -p udp --dport 4001 -m comment --comment arrived
ping -n -q -i 0.01 -c 300 $FAR >/run/ping &
flow=$!
on peer mausezahn -q eth0 -c 50 -d 5m -b "$mac" -A $BOX -B 192.0.2.77 -t udp sp=1,dp=4000 -P spoof
on peer mausezahn -q eth0 -c 50 -d 5m -b "$mac" -A $BOX -B $BOX -t udp sp=1,dp=4001 -P spoof
on peer mausezahn -q eth0 -c 1 -b "$mac" -A $FAR -B 192.0.2.77 -t udp sp=1,dp=4002 -P honest
wait $flow
check 'the unholed flow was not disturbed' grep -q ' 300 received' /run/ping
settled client
is 'no spoofed packet was forwarded' "$(seen client 'udp dst port 4000')" 0
is 'an honest one was' "$(seen client 'udp dst port 4002')" 1
is 'of those for the box, which arrived' "$(rule_packets 'comment arrived')" 50
is 'none was delivered' "$(rule_packets 'comment spoofed')" 0

must insmod "/lib/modules/$(uname -r)/updates/plant.ko" fault=ip
on peer mausezahn -q eth0 -c 10 -b "$mac" -A $BOX -B 192.0.2.77 -t udp sp=1,dp=4003 -P spoof
on peer mausezahn -q eth0 -c 1 -b "$mac" -A $FAR -B 192.0.2.77 -t udp sp=1,dp=4004 -P honest
at_least 'packets with the bit came by a NIC' "$(cat /sys/module/plant/parameters/hits)" 11
must rmmod plant
settled client
is 'a spoofed one gained nothing by it' "$(seen client 'udp dst port 4003')" 0
is 'an honest one was forwarded as ever' "$(seen client 'udp dst port 4004')" 1
