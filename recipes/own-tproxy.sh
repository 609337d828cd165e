# SPDX-License-Identifier: GPL-2.0-only
# A transparent proxy on the box, for clients and for the box itself.
#
#   clients --- CLIENT_IF [box: proxy on PROXY_PORT] --- servers, port PORT
#
# CLIENT_IF    the device that clients come in by
# PROTO        tcp or udp
# PORT         what is proxied
# PROXY_PORT   where the proxy listens, with IP_TRANSPARENT
# PROXY_UID    the user that the proxy runs as: its own connections go out
# VIA          lo or an nvi device: see open.sh
# shellcheck shell=sh
set -e
: "${CLIENT_IF:=cl0}" "${PROTO:=tcp}" "${PORT:=80}" "${PROXY_PORT:=3129}" "${PROXY_UID:=13}" "${VIA:=lo}"
cd "$(dirname "$0")"

# The mark tells what came out of the hole from loopback's own traffic to that
# port. The proxy is local, and the kernel cannot always tell the box's own packets
# from a client's, so delivery must be allowed: to what has the mark of the box's own
# packets, and to nothing else. (Nothing of loopback's own comes by an nvi device.)
if [ "$VIA" = lo ]; then
	iptables -t raw -A PREROUTING -i lo -m mark --mark 0x50 -j UNHOLE --set-xmark 0x52 --allow-local
else
	AGAIN=prerouting XMARK=0x52 . ./open.sh
fi

# What the box sends there goes into the hole, save for the proxy's connections.
# Their first packet has an owner; the last may be sent when the proxy has closed
# the socket, and have none.
ip route add default dev "$VIA" table 50
ip rule add fwmark 0x50 lookup 50
iptables -t mangle -A OUTPUT -p "$PROTO" --dport "$PORT" -m conntrack --ctstate NEW \
	-m owner --uid-owner "$PROXY_UID" -j CONNMARK --set-mark 0x13
iptables -t mangle -A OUTPUT -p "$PROTO" --dport "$PORT" -m connmark ! --mark 0x13 \
	-j MARK --set-mark 0x50

# To the proxy: clients directly, the box from the hole. Their packets keep their
# destination, and this route makes it a local one.
ip route add local default dev lo table 51
ip rule add fwmark 0x51 lookup 51
iptables -t mangle -A PREROUTING -i "$CLIENT_IF" -p "$PROTO" --dport "$PORT" \
	-j TPROXY --on-port "$PROXY_PORT" --tproxy-mark 0x51
iptables -t mangle -A PREROUTING -i "$VIA" -m mark --mark 0x52 -p "$PROTO" --dport "$PORT" \
	-j TPROXY --on-port "$PROXY_PORT" --tproxy-mark 0x51
