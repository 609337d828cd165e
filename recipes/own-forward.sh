# SPDX-License-Identifier: GPL-2.0-only
# The box's own traffic to the net crosses FORWARD, so one policy serves clients
# and the box.
#
#   clients --- [box] UPLINK --- the net
#
# UPLINK   the device that leads to the net
# VIA      lo or an nvi device: see open.sh
# shellcheck shell=sh
set -e
: "${UPLINK:=up0}" "${VIA:=lo}"
cd "$(dirname "$0")"

# Whatever the box sends out by the uplink goes into the hole first. Multicast and
# broadcast do not: the kernel takes the source address's device for them, or the
# table "local", and the mark changes nothing.
XMARK=0 . ./open.sh
ip route add default dev "$VIA" table 50
ip rule add fwmark 0x50 lookup 50
iptables -t mangle -A OUTPUT -o "$UPLINK" -j MARK --set-mark 0x50

# The policy, an example. The entry is kept, so the first packet of a connection
# is NEW here as well.
sysctl -qw net.ipv4.ip_forward=1
iptables -P FORWARD DROP
iptables -A FORWARD -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT
iptables -A FORWARD -o "$UPLINK" -p tcp --dport 25 -j REJECT --reject-with tcp-reset
iptables -A FORWARD -o "$UPLINK" -p udp --dport 53 -j REJECT
iptables -A FORWARD -o "$UPLINK" -m conntrack --ctstate NEW -j ACCEPT
