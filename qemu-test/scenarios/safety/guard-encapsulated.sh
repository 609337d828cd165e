# SPDX-License-Identifier: GPL-2.0-only
# The guard stops what is forwarded from loopback to loopback, not what leaves it in
# another packet: MPLS that ends on lo, is routed there, and gets another label that leads
# by lo again. That is legal on a stock kernel, and stays so.
#
#   client --- cl0 [box: label 100 by lo, ends; label 200 by lo, swapped for none] up0 --- peer
# spread: no
topology
modprobe -a mpls_router mpls_iptunnel mpls_gso 2>/dev/null
must sysctl -qw net.ipv4.ip_forward=1 net.mpls.platform_labels=1000 net.mpls.conf.lo.input=1
must ip route add $FAR encap mpls 100 via inet 127.0.0.1 dev lo table 50
must ip rule add pref 10 iif cl0 to $FAR lookup 50
must ip -f mpls route add 100 dev lo
must ip route add $FAR encap mpls 200 via inet 127.0.0.1 dev lo table 51
must ip rule add pref 11 iif lo to $FAR lookup 51
must ip -f mpls route add 200 via inet $PEER dev up0
capture lo box lo
check 'it comes out at the peer, and the answer comes back' pings client 2 $FAR
is 'label 100, on lo' "$(seen lo 'mpls 100')" 2
is 'label 200, on lo' "$(seen lo 'mpls 200')" 2
