# SPDX-License-Identifier: GPL-2.0-only
# Packets that come in by $DEV are routed into loopback, or into $VIA (open.sh);
# the second lookup has that as its input device and finds the true route in main.
# The mark is for the uplink's rp_filter=1: where a reply leaves by $DEV, its reverse
# lookup has $DEV as the input device as well, but no mark, and so not this route.
# shellcheck shell=sh
: "${DEV:?the device that the packets come in by}"
ip route replace default dev "${VIA:-lo}" table 50
ip rule add iif "$DEV" fwmark 0x54 lookup 50
iptables -t mangle -A PREROUTING -i "$DEV" -j MARK --set-mark 0x54
