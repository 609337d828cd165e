# SPDX-License-Identifier: GPL-2.0-only
# DNAT on the bridge of an access point, from one station to another: hairpin
# sends the packet, and the answer goes round the bridge by the access point's own
# short cut, unless ap_isolate forbids that or SNAT leads it to the bridge.
# patches: none
# claims: B8
# weight: 15
. /unhole/bridge.sh
. /unhole/bridge-fdb.sh
ip_netns_box
host client server outside
bridge_in box br0 $MAC_BR $BOX/24
port box br0 p2 $MAC_P2 outside eth0 $OUTSIDE/24 $MAC_OUTSIDE

# Radios are born in the initial namespace, and hear each other from anywhere.
init_ns() { nsenter --net=/unhole/init-netns "$@"; }
must modprobe mac80211_hwsim radios=3
set -- $(init_ns iw dev | sed -n 's/^phy//p' | sort -V)
for n in box client server; do
	must init_ns iw "phy$1" set netns name $n
	w=$(on $n iw dev | awk '$1 == "Interface" { print $2 }')
	[ "$w" = wlan0 ] || must ip -n $n link set "$w" name wlan0
	shift
done
MAC_CLIENT=$(mac_of client wlan0) MAC_SERVER=$(mac_of server wlan0)

# radio ap_isolate: the access point, and the stations associated. A station waits
# 0.2 s for an answer, which is little for an emulated machine that is busy: they
# come first, and are left in peace by beacons.
PIDS=
radio() {
	[ -z "$PIDS" ] || { kill $PIDS; wait $PIDS; }
	sed "s/^ap_isolate=.*/ap_isolate=$1/" /unhole/recipes/bridge-hairpin-wireless.conf >/run/hostapd.conf
	echo beacon_int=500 >>/run/hostapd.conf
	nice -n -15 hostapd /run/hostapd.conf >/run/hostapd.log 2>&1 &
	PIDS=$!
	wait_for 20 grep -q AP-ENABLED /run/hostapd.log || must false
	printf 'network={\n\tssid="unhole"\n\tkey_mgmt=NONE\n\tscan_freq=2412\n}\n' >/run/station.conf
	for n in client server; do
		# Not by "on": its process would be a shell's.
		ip netns exec $n nice -n -15 wpa_supplicant -D nl80211 -i wlan0 -c /run/station.conf >/run/station.$n.log 2>&1 &
		PIDS="$PIDS $!"
	done
	for n in client server; do
		wait_for 90 grep -q CTRL-EVENT-CONNECTED /run/station.$n.log || must false
	done
	wait_for 10 forwards box wlan0 || must false
	must iw dev wlan0 station get "$MAC_CLIENT" >/run/station
	know_each_other client $BOX $OUTSIDE
	know_each_other server $BOX
}
addresses client wlan0 $CLIENT/24
addresses server wlan0 $SERVER/24
on server socat TCP4-LISTEN:80,fork,reuseaddr PIPE &
wait_for 10 _listens server t 80 || must false
# asks PORT: the answer to a question from there, within W seconds.
asks() {
	must conntrack -F
	printf hello | on client timeout $((10 * ${SLOW:-1})) socat -t "${W:-3}" - "TCP4:$OUTSIDE:80,bind=$CLIENT:$1,connect-timeout=${W:-3},readbytes=5" 2>/dev/null
}
SYN='tcp[13] == 2' SYNACK='tcp[13] == 0x12'

radio 0
capture client client wlan0
capture server server wlan0
remember_box
must on client ip neigh flush all
check 'stations reach each other, not by the bridge' pings client 1 $SERVER
recipe bridge-hairpin-wireless WAY=isolate
must bridge link set dev wlan0 hairpin off
is 'no hairpin: no answer' "$(W=0.5 asks 1001)" ''
settled server
is 'no hairpin: the server is not asked' "$(seen server 'port 1001')" 0
must bridge link set dev wlan0 hairpin on
is 'hairpin: no answer' "$(W=0.5 asks 1002)" ''
conntrack -L -p tcp >/run/entries 2>/dev/null
settled client
settled server
at_least 'hairpin: the server is asked, by the client' "$(seen server "$SYN and src $CLIENT and ether src $MAC_CLIENT and src port 1002")" 1
at_least 'hairpin: it answers the client, untranslated' "$(seen client "$SYNACK and src $SERVER and ether src $MAC_SERVER and dst port 1002")" 1
at_least 'hairpin: which the client rejects' "$(seen client "tcp[13] & 4 != 0 and dst $SERVER and src port 1002")" 1
says 'hairpin: the bridge has not seen the answer' "$(cat /run/entries)" 'sport=1002' '[UNREPLIED]'
recipe_down bridge-hairpin-wireless
as_before 'down: all as it was before'

recipe bridge-hairpin-wireless WAY=snat
is 'snat: answered' "$(asks 1003)" hello
settled client
settled server
at_least 'snat: the server is asked by the box, with the MAC of the client' "$(seen server "$SYN and src $BOX and ether src $MAC_CLIENT and src port 1003")" 1
at_least 'snat: the client is answered by the address that it asked, with the MAC of the server' "$(seen client "$SYNACK and src $OUTSIDE and ether src $MAC_SERVER and dst port 1003")" 1
is 'snat: no ebtables' "$($EBT -t nat -L | grep -c snat)" 0
# The access point sends a broadcast on to its stations, and so does the bridge.
refute 'a question' on client arping -q -c 1 -w 1 -I wlan0 192.0.2.200
settled server
is 'is heard twice' "$(seen server 'arp[6:2] == 1 and dst 192.0.2.200')" 2
recipe_down bridge-hairpin-wireless
as_before 'snat, down: all as it was before'

radio 1
remember_box
refute 'ap_isolate: stations do not reach each other' on client ping -n -q -c 1 -W 1 $SERVER
recipe bridge-hairpin-wireless WAY=isolate
is 'ap_isolate: answered' "$(asks 1004)" hello
conntrack -L -p tcp >/run/entries 2>/dev/null
settled client
settled server
at_least 'ap_isolate: the server is asked by the client' "$(seen server "$SYN and src $CLIENT and ether src $MAC_CLIENT and src port 1004")" 1
at_least 'ap_isolate: the client is answered by the address that it asked' "$(seen client "$SYNACK and src $OUTSIDE and ether src $MAC_SERVER and dst port 1004")" 1
is 'ap_isolate: the server is not seen by its own address' "$(seen client "src $SERVER and dst port 1004")" 0
is 'ap_isolate: bridged, not routed' "$(ttls server "tcp and src $CLIENT and src port 1004") $(ttls client "src $OUTSIDE and dst port 1004")" '64 64'
check 'ap_isolate and hairpin: stations reach each other, by the bridge' pings client 1 $SERVER
refute 'a question' on client arping -q -c 1 -w 1 -I wlan0 192.0.2.201
settled server
is 'is heard once' "$(seen server 'arp[6:2] == 1 and dst 192.0.2.201')" 1
recipe_down bridge-hairpin-wireless
as_before 'ap_isolate, down: all as it was before'

says 'not wireless: refused' "$(PORT=p2 sh /unhole/recipes/bridge-hairpin-wireless.sh 2>&1; echo "status $?")" 'p2 is not wireless' 'status 1'
says 'no such way: refused' "$(WAY=magic sh /unhole/recipes/bridge-hairpin-wireless.sh 2>&1; echo "status $?")" 'none of isolate, snat' 'status 1'
as_before 'refused: all as it was before'
kill $PIDS
wait $PIDS
must modprobe -r mac80211_hwsim
