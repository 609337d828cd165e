# SPDX-License-Identifier: GPL-2.0-only
# Recipe port-forward: one port of the box's only public address, which changes once, is a
# server's inside: for the world (which the server sees with its own address), for the
# server's network, for the server itself and for the box. Beside MASQUERADE, and a FORWARD
# policy that drops. With nftables and with iptables; in IPv6: recipe-port-forward6.
# patches: none
# weight: 12
family "${F:-4}"
SERVER=${CL}9 MOVED=${UP}8
host lan client server peer
must ip -n lan link add br0 type bridge
must ip -n lan link set br0 up
wire box cl0 $BOXCL/$LEN lan p0 -
wire client eth0 $CLIENT/$LEN lan p1 -
wire server eth0 $SERVER/$LEN lan p2 -
must batch lan 'link set p0 master br0' 'link set p1 master br0' 'link set p2 master br0'
wire box up0 $BOX/$LEN peer eth0 $PEER/$LEN
for h in client server; do must $IP -n $h route add default via $BOXCL; done
must $IP route add default via $PEER
must $IP -n peer addr add $FAR/$ALL dev lo
# The server says who has asked.
on server socat "TCP$F-LISTEN:80,fork,reuseaddr" SYSTEM:"echo \"server, \$SOCAT_PEERADDR\"" &
on server socat "UDP$F-LISTEN:53,fork,reuseaddr" SYSTEM:'echo "udp server"' &
wait_for 10 _listens server t 80 || must false
wait_for 10 _listens server u 53 || must false
must sysctl -qw $FORWARDING=1
must $IPT -t nat -A POSTROUTING -o up0 -j MASQUERADE
must $IPT -P FORWARD DROP
must $IPT -A FORWARD -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT
must $IPT -A FORWARD -i cl0 -o up0 -j ACCEPT
capture server server eth0

ask() { on $1 timeout $((4 * ${SLOW:-1})) socat -u "TCP$F:$(_host $2):${3:-8080},connect-timeout=$((2 * ${SLOW:-1}))" - 2>/dev/null; }
ask_udp() { echo q | on $1 timeout $((4 * ${SLOW:-1})) socat -t 3 - "UDP$F:$(_host $2):5300" 2>/dev/null; }
# socats ADDRESS: as socat writes it.
socats() { case $1 in *:*) echo "[$(hex6 "$1" | sed 's/..../&:/g; s/:$//')]" ;; *) echo "$1" ;; esac; }
# reached WHAT ADDRESS: by that address, from everywhere.
reached() {
	is "$1: the world" "$(ask peer $2)" "server, $(socats $PEER)"
	is "$1: a client beside the server" "$(ask client $2)" "server, $(socats $BOXCL)"
	is "$1: the server itself" "$(ask server $2)" "server, $(socats $BOXCL)"
	is "$1: the box" "$(ask box $2)" "server, $(socats $2)"
}
refute 'before: nobody answers the world' ask peer $BOX
for front in nft iptables; do
	via "$([ $front = nft ] && echo nvi0 || echo lo)" $front
	recipe port-forward$SIX
	reached "$front" $BOX
	recipe port-forward$SIX
	recipe port-forward$SIX PROTO=udp PORT=5300 SERVER_PORT=53
	is "$front: again: the box" "$(ask box $BOX)" "server, $(socats $BOX)"
	is "$front: UDP beside it: the world, a client" "$(ask_udp peer $BOX), $(ask_udp client $BOX)" 'udp server, udp server'
	refute "$front: the clients' side of the box has no such port" ask client $BOXCL
	check "$front: a client goes out as before" pings client 2 $FAR
	# A new address, with nothing run again.
	must ip addr del $BOX/$LEN dev up0
	must ip addr add $MOVED/$LEN dev up0 $([ "$F" = 4 ] || echo nodad)
	must $IP route replace default via $PEER
	reached "$front, new address" $MOVED
	must ip addr del $MOVED/$LEN dev up0
	must ip addr add $BOX/$LEN dev up0 $([ "$F" = 4 ] || echo nodad)
	must $IP route replace default via $PEER
	must sh /unhole/recipes/port-forward$SIX.sh undo
	must env PROTO=udp PORT=5300 sh /unhole/recipes/port-forward$SIX.sh undo
	refute "$front: undone: the world" ask peer $BOX
	refute "$front: undone: the box" ask box $BOX
done
# A FORWARD that lets nothing pass, not even replies; by nftables, by each of the iptables.
$IPT -F FORWARD
$IPT -P FORWARD ACCEPT
drops() { # WHAT [PATH]
	refute "$1: before" ask peer $BOX
	via nvi0
	recipe port-forward$SIX PATH="${2-}$PATH"
	is "$1: the world" "$(ask peer $BOX)" "server, $(socats $PEER)"
	must env PATH="${2-}$PATH" sh /unhole/recipes/port-forward$SIX.sh undo
}
must nft add table inet own
must nft 'add chain inet own forward { type filter hook forward priority 0; policy drop; }'
drops nft
must nft delete table inet own
mkdir /run/legacy
must ln -s "$(command -v $IPT-legacy)" /run/legacy/$IPT
for fe in $(front_ends $IPT-legacy $IPT-nft); do
	must $fe -P FORWARD DROP
	drops "$fe"
	is "$fe: nothing is left" "$($fe -S FORWARD | grep -c '^-A')" 0
	drops "$fe, where $IPT is the legacy one" /run/legacy:
	must $fe -P FORWARD ACCEPT
done
must $IPT -P FORWARD DROP
must $IPT -A FORWARD -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT
must $IPT -A FORWARD -i cl0 -o up0 -j ACCEPT
is 'the rules are those that were' "$($IPT -t nat -S | grep -c '^-A'),$($IPT -S FORWARD | grep -c '^-A')" 1,2
settled server
is 'the server has seen no public address but that of who asked' "$(seen server "dst $SERVER and not src $PEER and not net ${CL}0/$LEN and not src $BOX and not src $MOVED and tcp")" 0
