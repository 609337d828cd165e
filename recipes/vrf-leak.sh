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
# VIA, FRONT, ...   see open.sh
# shellcheck shell=sh
set -e
: "${VRF:=red}" "${CLIENTS:=198.51.100.0/24}" "${LEAKED:=203.0.113.0/24}"
cd "$(dirname "$0")"
INSTANCE=$VRF NEEDS=$VRF BITS=0 FILLS=none . ./open.sh
table=$(ip -d link show dev "$VRF" | sed -n 's/.* vrf table \([0-9]*\).*/\1/p')
[ -n "$table" ] || die "$VRF is no VRF" 'VRF=DEVICE'
forwarding
let_in "$VRF"

# The way back. A VRF's device looks up again by itself, in the VRF's table.
$IP route add "$CLIENTS" dev "$VRF"
# The way there. $VIA is in no VRF, so the second lookup is the default VRF's. The daemon's
# own route gives way.
old=$($IP route show "$LEAKED" table "$table" | sed 's/ nhid \([0-9]*\) dev [^ ]*/ nhid \1/')
if [ -n "$old" ]; then
	note "$IP route add $old table $table"
	$IP route del "$LEAKED" table "$table"
fi
lead "$LEAKED" "$table"
