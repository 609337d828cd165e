# SPDX-License-Identifier: GPL-2.0-only
# ftp-snat.sh for IPv6 (NAT66): FTP through SNAT at -o lo, for clients and for the
# box itself. FTP names the address in EPRT; NAT writes another one, and from then
# on sequence numbers are adjusted. The box's own packets would be adjusted twice,
# so their second pass is untracked.
#
#   client --- CLIENT_IF [box] --- SERVER
#
# CLIENT_IF   the device that clients come in by
# SERVER      the FTP server
# SNAT        the source that it sees, for clients
# SNAT_OWN    the same for the box's own connections
# VIA         lo or an nvi device: see open.sh
# shellcheck shell=sh
set -e
: "${CLIENT_IF:=cl0}" "${VIA:=lo}"
: "${SERVER:=2001:db8:3::7}" "${SNAT:=2001:db8:2::9}" "${SNAT_OWN:=2001:db8:2::198}"
cd "$(dirname "$0")"

# Into the hole: what clients send, and what the box itself sends to the server.
sysctl -qw net.ipv6.conf.all.forwarding=1
IPTABLES=ip6tables . ./open.sh
ip -6 nexthop add id 50 dev "$VIA"
ip -6 route add default nhid 50 table 50
ip -6 rule add iif "$CLIENT_IF" to "$SERVER" lookup 50
ip -6 rule add fwmark 0x50 lookup 50
ip6tables -t mangle -A OUTPUT -d "$SERVER" -j MARK --set-mark 0x50

if [ "$VIA" = lo ]; then
	# The mark of the box's own packets is still there when they come out.
	ip6tables -t raw -I PREROUTING -i lo -m mark --mark 0x50 -j UNHOLE --notrack --set-xmark 0
else
	# nvi leaves the second pass of an FTP connection untracked, for whomever. It
	# is the mark that must not lead there again.
	ip -6 rule add iif "$VIA" lookup main
fi

# The helper reads the control connection, and expects the data connection. Its
# NAT half is not loaded by itself.
modprobe nf_nat_ftp
ip6tables -t raw -A PREROUTING -i "$CLIENT_IF" -d "$SERVER" -p tcp --dport 21 -j CT --helper ftp
ip6tables -t raw -A OUTPUT -d "$SERVER" -p tcp --dport 21 -j CT --helper ftp

ip6tables -t nat -A POSTROUTING -o "$VIA" -m mark --mark 0x50 -j SNAT --to-source "$SNAT_OWN"
ip6tables -t nat -A POSTROUTING -o "$VIA" -d "$SERVER" -j SNAT --to-source "$SNAT"
