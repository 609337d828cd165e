# SPDX-License-Identifier: GPL-2.0-only
# The MSS of the box's own TCP through the hole, with an uplink of 1280 bytes. A
# socket that finds lo announces 65495; an mtu on the route, or TCPMSS in FORWARD
# on the second pass, make it 1240. By a mark set in OUTPUT it never was wrong.
# kernels: 6.1 6.12 stock
# weight: 6
topology
must ip link set up0 mtu 1280
stock_sysctls
recipe own-mss FAR=$FAR UPLINK=up0 SRC=$BOX MTU=1280
capture wire peer eth0
# mss PORT: what the SYN to that port says on the wire.
mss() {
	settled wire
	show wire "src $BOX and tcp dst port $1 and tcp[13] == 2" | sed -n 's/.*mss \([0-9]*\).*/\1/p' | tail -n 1
}
check 'both: 1 MiB to the server' tcp_copy box peer $FAR 5001 1
check 'both: 1 MiB from the server' tcp_fetch box peer $FAR 5002 1
is 'both: the MSS of the SYN' "$(mss 5001)" 1240
is 'no segment is over 1280 bytes' "$(seen wire 'ip and ip[2:2] > 1280')" 0
# Unsegmented, so there are fewer of them than on the wire.
at_least 'through the hole' "$(stat_unhole unholed)" 20

must iptables -t mangle -F FORWARD
check 'mtu on the route: 1 MiB' tcp_copy box peer $FAR 5003 1
is 'mtu on the route: the MSS of the SYN' "$(mss 5003)" 1240

must ip route change default dev lo src $BOX table 50
check 'neither: 1 MiB arrives, once the path MTU is known' tcp_copy box peer $FAR 5004 1
is 'neither: the MSS of the SYN is that of lo' "$(mss 5004)" 65495
must ip route flush cache

must iptables -t mangle -A FORWARD -o up0 -p tcp --tcp-flags SYN,RST SYN -j TCPMSS --clamp-mss-to-pmtu
check 'TCPMSS: 1 MiB' tcp_copy box peer $FAR 5005 1
is 'TCPMSS: the MSS of the SYN' "$(mss 5005)" 1240
must iptables -t mangle -F FORWARD
must ip route flush cache

# By a mark, the socket knows the true route.
must ip rule del pref 11
must ip rule add pref 11 fwmark 0x50 lookup 50
must iptables -t mangle -A OUTPUT -d $FAR -j MARK --set-mark 0x50
check 'by a mark: 1 MiB' tcp_copy box peer $FAR 5006 1
is 'by a mark: the MSS of the SYN' "$(mss 5006)" 1240
