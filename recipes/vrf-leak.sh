# SPDX-License-Identifier: GPL-2.0-only
# A VRF's packets to $LEAKED are routed by the default VRF. Some routing daemons
# write the route like this: through loopback, and expect a second lookup. Linux
# makes none, unless the packet is unholed. (Where NAT is not wanted in between,
# the usual "via the true next hop, dev the true uplink" needs no second lookup.)
#
#   $CLIENTS --- VRF $VRF [box] default VRF --- $LEAKED
#
# VRF      the VRF's device
# CLIENTS  the network in it that replies go to
# LEAKED   the prefix that the VRF takes from the default VRF
# VIA      lo or an nvi device: see open.sh
# shellcheck shell=sh
set -e
: "${VRF:=red}" "${CLIENTS:=198.51.100.0/24}" "${LEAKED:=203.0.113.0/24}" "${VIA:=lo}"
cd "$(dirname "$0")"
sysctl -qw net.ipv4.ip_forward=1

# The way there. $VIA is in no VRF, so the second lookup is the default VRF's.
. ./open.sh
ip route replace "$LEAKED" dev "$VIA" vrf "$VRF"

# The way back. A VRF's device looks up again by itself, in the VRF's table.
ip route replace "$CLIENTS" dev "$VRF"
