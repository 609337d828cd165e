# SPDX-License-Identifier: GPL-2.0-only
# README's tour, to be typed or to be run in the project's folder: nvi and nftables by
# hand. It takes what lab.sh takes, nvi0, and the tables 50 and 102.
# shellcheck shell=sh
sh recipes/lab.sh

# The device, and the first lookup: what clients send is routed to it.
ip link add nvi0 type nvi
ip link set nvi0 up
ip route add default dev nvi0 table 50
ip rule add iif cl0 lookup 50

# NAT, on the way into it.
nft add table ip tour
nft 'add chain ip tour postrouting { type nat hook postrouting priority srcnat; }'
nft 'add rule ip tour postrouting oifname nvi0 snat to ip saddr map { 198.51.100.2 : 192.0.2.1, 198.51.100.3 : 192.0.2.129 }'

# The second lookup: by the source that it has by now.
ip route add default via 192.0.2.130 table 102
ip rule add iif nvi0 from 192.0.2.129 lookup 102

ip netns exec client ping -n -c 1 -W 1 -I 198.51.100.2 203.0.113.7 | sed -n 2p
ip netns exec client ping -n -c 1 -W 1 -I 198.51.100.3 203.0.113.7 | sed -n 2p
unhole-path 203.0.113.7 from 198.51.100.3 iif cl0
conntrack -L -s 198.51.100.3 2>/dev/null
