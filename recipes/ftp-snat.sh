# SPDX-License-Identifier: GPL-2.0-only
# FTP through SNAT at -o lo, for clients and for the box itself.
#
#   client --- CLIENT_IF [box] --- SERVER
#
# FTP names addresses in its text. NAT writes another one, which may be longer or
# shorter, and from then on the connection's sequence numbers are adjusted: on
# each way out of the box, except one of a forwarded packet through lo. So what
# a client sends is adjusted once, by the second pass; what the box sends would
# be adjusted twice. Hence the second pass of the box's own packets is untracked.
#
# CLIENT_IF   the device that clients come in by
# SERVER      the FTP server
# SNAT        the source that it sees, for clients
# SNAT_OWN    the same for the box's own connections
# VIA         lo or an nvi device: see open.sh
# shellcheck shell=sh
set -e
: "${CLIENT_IF:=cl0}" "${VIA:=lo}"
: "${SERVER:=203.0.113.7}" "${SNAT:=192.0.2.9}" "${SNAT_OWN:=192.0.2.198}"
cd "$(dirname "$0")"

# Into the hole: what clients send, and what the box itself sends to the server.
sysctl -qw net.ipv4.ip_forward=1
. ./open.sh
ip route add default dev "$VIA" table 50
# (For clients by a mark as well: see hole-from.sh.)
ip rule add iif "$CLIENT_IF" fwmark 0x54 lookup 50
iptables -t mangle -A PREROUTING -i "$CLIENT_IF" -d "$SERVER" -j MARK --set-mark 0x54
ip rule add fwmark 0x50 lookup 50
iptables -t mangle -A OUTPUT -d "$SERVER" -j MARK --set-mark 0x50

if [ "$VIA" = lo ]; then
	# The mark of the box's own packets is still there when they come out.
	iptables -t raw -I PREROUTING -i lo -m mark --mark 0x50 -j UNHOLE --notrack --set-xmark 0
else
	# nvi leaves the second pass of an FTP connection untracked, for whomever. It
	# is the mark that must not lead there again.
	ip rule add iif "$VIA" lookup main
fi

# The helper reads the control connection, and expects the data connection. Its
# NAT half is not loaded by itself.
modprobe nf_nat_ftp
iptables -t raw -A PREROUTING -i "$CLIENT_IF" -d "$SERVER" -p tcp --dport 21 -j CT --helper ftp
iptables -t raw -A OUTPUT -d "$SERVER" -p tcp --dport 21 -j CT --helper ftp

iptables -t nat -A POSTROUTING -o "$VIA" -m mark --mark 0x50 -j SNAT --to-source "$SNAT_OWN"
iptables -t nat -A POSTROUTING -o "$VIA" -d "$SERVER" -j SNAT --to-source "$SNAT"
