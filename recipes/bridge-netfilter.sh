# SPDX-License-Identifier: GPL-2.0-only
# What crosses a bridge is shown to iptables, and goes on being bridged: its TTL
# and its MAC addresses stay, and the box needs neither an address nor
# forwarding. The receive device is the bridge; "-m physdev" names the ports.
#
#   host --- port [box: BRIDGE] port --- host
#
# BRIDGE  a bridge. The sysctl is for all bridges of this network namespace; to
#         have one bridge only, leave it 0 and set nf_call_iptables 1 on the
#         bridge (ip link set BRIDGE type bridge nf_call_iptables 1)
# shellcheck shell=sh
set -e
cd "$(dirname "$0")"
. ./bridge-needs.sh
: "${BRIDGE:=br0}"

need_root
need_tool ip iproute2
need_tool modprobe kmod
need_bridge "$BRIDGE"
need_br_netfilter
checked

loads_br_netfilter
finished
