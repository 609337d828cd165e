# SPDX-License-Identifier: GPL-2.0-only
# WireGuard, over and under. Over: the second lookup, by the source that NAT has given,
# leads into the tunnel wg0; a client and the box reach what is behind the far end, and
# nothing is in the clear. Under: the tunnel's own UDP packets, told by WireGuard's
# fwmark, are led into lo, get their source there, and leave by the uplink that it leads
# to. In both families. With an nvi device: nvi-over-wireguard.
#
#   client --- cl0 [box] up0 ------- peer: wg0, and 203.0.113.7 behind it
#                        up1 -------
#
# claims: L9
# weight: 16
# shellcheck disable=SC2153 # BOX and PEER are lib.sh's
topology
. /unhole/second.sh
two_uplinks
wireguard 10.77.0.0/24,2001:db8:77::/64 fwmark 0x77
addresses box wg0 10.77.0.1/24,2001:db8:77::1/64
addresses peer wg0 10.77.0.2/24,2001:db8:77::2/64
OUTER=51820
for f in 4 6; do
	tunnel_family $f
	must wg set wg0 peer $peer_key endpoint "$(_host $PEER):$OUTER"
	must ip addr add $T/$ALL dev wg0
	into $T
	must $IP route add default dev wg0 table 60
	over
	under $IP rule add fwmark 0x77 lookup 50
	under_all_the_way
	must $IP rule del fwmark 0x77 lookup 50
done
