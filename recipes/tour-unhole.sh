# SPDX-License-Identifier: GPL-2.0-only
# xt_UNHOLE/README.md's tour, to be typed or to be run: from an empty box to a packet that was
# routed twice. For a guest (make shell) or a VM that may be spoilt: it takes the
# names cl0, up0, client and peer, and tables 50 and 101.
#
#   client 198.51.100.2 --- cl0 [box] up0 192.0.2.1 --- 192.0.2.2 peer (203.0.113.7)
#
# It has no variables. A kernel without the core patches wants stock-sysctls.sh first.
# shellcheck shell=sh

# A client on the left, a peer on the right. The peer has no way back to the client.
modprobe xt_UNHOLE
ip netns add client
ip netns add peer
ip link add cl0 type veth peer name eth0 netns client
ip link add up0 type veth peer name eth0 netns peer
ip addr add 198.51.100.1/24 dev cl0
ip addr add 192.0.2.1/24 dev up0
ip addr add 192.0.2.9/24 dev up0
ip link set lo up
ip link set cl0 up
ip link set up0 up
ip -n client addr add 198.51.100.2/24 dev eth0
ip -n client link set eth0 up
ip -n client route add default via 198.51.100.1
ip -n peer addr add 192.0.2.2/24 dev eth0
ip -n peer addr add 203.0.113.7 dev lo
ip -n peer link set lo up
ip -n peer link set eth0 up
sysctl -w net.ipv4.ip_forward=1

# Only the address that SNAT gives a packet leads to the peer: table 101.
ip route add default via 192.0.2.2 table 101
ip rule add from 192.0.2.9 lookup 101

# First lookup: into lo, where SNAT is.
ip route add default dev lo table 50
ip rule add iif cl0 lookup 50
iptables -t nat -A POSTROUTING -o lo -j SNAT --to-source 192.0.2.9
ip netns exec client ping -n -c 1 -W 1 203.0.113.7 | sed -n 2p
unhole-path to 203.0.113.7 from 198.51.100.2 iif cl0

# One rule: the packet is looked up again, by its new source.
iptables -t raw -A PREROUTING -i lo -j UNHOLE
ip netns exec client ping -n -c 1 -W 1 203.0.113.7 | sed -n 2p
unhole-path to 203.0.113.7 from 198.51.100.2 iif cl0
iptables -t raw -vnL PREROUTING
conntrack -L -p icmp -u SEEN_REPLY 2>/dev/null
lnstat -f unhole -c 1
