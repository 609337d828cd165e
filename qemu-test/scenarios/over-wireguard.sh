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
# kernels: 6.1 6.12 stock
# weight: 16
# shellcheck disable=SC2153 # BOX and PEER are lib.sh's
topology
. /unhole/second.sh
wire box up1 198.18.1.1/24,2001:db8:22::1/64 peer eth1 198.18.1.2/24,2001:db8:22::2/64
modprobe wireguard 2>/dev/null || :
umask 077
wg genkey >/run/box.key
wg genkey >/run/peer.key
box_key=$(wg pubkey </run/box.key) peer_key=$(wg pubkey </run/peer.key)
must ip link add wg0 type wireguard
must on peer ip link add wg0 type wireguard
must wg set wg0 private-key /run/box.key listen-port 51821 fwmark 0x77 peer $peer_key allowed-ips 0.0.0.0/0,::/0
must on peer wg set wg0 private-key /run/peer.key listen-port 51820 peer $box_key allowed-ips 10.77.0.0/24,2001:db8:77::/64
addresses box wg0 10.77.0.1/24,2001:db8:77::1/64
addresses peer wg0 10.77.0.2/24,2001:db8:77::2/64
capture zero box up0
capture one box up1
capture client client eth0

by() { seen $1 "udp and src $2 and dst $PEER and dst port 51820"; }
for f in 4 6; do
	family $f
	[ $F = 4 ] && T=10.77.0.9 FAR_WG=10.77.0.2 BOX1=198.18.1.1 PEER1=198.18.1.2 ||
		T=2001:db8:77::9 FAR_WG=2001:db8:77::2 BOX1=2001:db8:22::1 PEER1=2001:db8:22::2
	must wg set wg0 peer $peer_key endpoint "$(_host $PEER):51820"
	must ip addr add $T/$ALL dev wg0
	into $T
	must $IP route add default dev wg0 table 60
	for who in client box; do
		unholed=$(passed_again)
		check "IPv$F, over, $who: answered" pings $who 3 $FAR
		is "IPv$F, over, $who: passed again" $(($(passed_again) - unholed)) 3
		speaks "IPv$F, over, $who" $who peer $FAR
	done
	settled zero
	at_least "IPv$F, over: by the first uplink" "$(by zero $BOX)" 100
	is "IPv$F, over: not by the second" "$(by one $BOX1)" 0

	# The outer packets, too, and by the other uplink.
	must $IPT -t nat -I POSTROUTING -o $VIA -p udp --dport 51820 -j SNAT --to-source $BOX1
	must $IP rule add iif $VIA from $BOX1 fwmark 0x60 lookup 61
	must $IP route add default via $PEER1 table 61
	must $IP rule add fwmark 0x77 lookup 50
	conntrack -F -f ipv$F 2>/dev/null
	settled zero
	sent=$(by zero $BOX) unholed=$(passed_again)
	check "IPv$F, under: answered" pings box 3 $FAR_WG
	at_least "IPv$F, under: passed again" $(($(passed_again) - unholed)) 3
	settled one
	at_least "IPv$F, under: by the second uplink, with its source" "$(by one $BOX1)" 3
	for who in client box; do
		speaks "IPv$F, over and under, $who" $who peer $FAR
	done
	settled zero
	settled one
	settled client
	at_least "IPv$F, over and under: by the second uplink" "$(by one $BOX1)" 100
	is "IPv$F, under: nothing more by the first" $(($(by zero $BOX) - sent)) 0
	is "IPv$F: nothing in the clear" "$(seen zero "host $FAR or host $T") $(seen one "host $FAR or host $T")" '0 0'
	at_least "IPv$F: replies come back to the client" "$(seen client "$REPLY and src $FAR and dst $CLIENT")" 9
	must $IP rule del fwmark 0x77 lookup 50
done
