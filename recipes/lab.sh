# SPDX-License-Identifier: GPL-2.0-only
# What README's examples run in: a client with two addresses and two providers, each a
# network namespace, with this box between them. For a guest (make shell) or a VM that
# may be spoilt: it takes the names cl0, up1, up2, client, isp1 and isp2.
#
#                                              up1 192.0.2.1   --- 192.0.2.2   isp1
#   client 198.51.100.2, .3 --- cl0 [the box]                                       203.0.113.7
#                                              up2 192.0.2.129 --- 192.0.2.130 isp2
#
# The box's default route leads to isp1. Each provider knows its own subnet only, so what
# comes with another source is not answered.
# shellcheck shell=sh
set -e
for ns in client isp1 isp2; do
	ip netns add $ns
	ip -n $ns link set lo up
done
ip link add cl0 type veth peer name eth0 netns client
ip link add up1 type veth peer name eth0 netns isp1
ip link add up2 type veth peer name eth0 netns isp2
ip addr add 198.51.100.1/24 dev cl0
ip addr add 192.0.2.1/25 dev up1
ip addr add 192.0.2.129/25 dev up2
for dev in lo cl0 up1 up2; do ip link set $dev up; done
ip -n client addr add 198.51.100.2/24 dev eth0
ip -n client addr add 198.51.100.3/24 dev eth0
ip -n isp1 addr add 192.0.2.2/25 dev eth0
ip -n isp2 addr add 192.0.2.130/25 dev eth0
for ns in client isp1 isp2; do ip -n $ns link set eth0 up; done
for ns in isp1 isp2; do ip -n $ns addr add 203.0.113.7/32 dev lo; done
ip -n client route add default via 198.51.100.1
ip route add default via 192.0.2.2
sysctl -qw net.ipv4.ip_forward=1
