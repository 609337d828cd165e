# SPDX-License-Identifier: GPL-2.0-only
# Packets that come in by $DEV are routed into loopback, or into $VIA (open.sh);
# the second lookup has that as its input device and finds the true route in main.
# shellcheck shell=sh
ip route replace default dev "${VIA:-lo}" table 50
ip rule add iif "$DEV" lookup 50
