# SPDX-License-Identifier: GPL-2.0-only
# Two customers in two VRFs, with the same addresses, leave by one uplink that is
# in a third VRF, each with an address of its own.
#
#   CLIENTS --- IF1 in VRF1 [   ]
#                           [box] UPLINK in VRF0 --- the world
#   CLIENTS --- IF2 in VRF2 [   ]
#
# IF1, VRF1, TABLE1, SNAT1   first customer: device, VRF, its table, and what its
# IF2, VRF2, TABLE2, SNAT2   packets leave with; second customer
# UPLINK, VRF0, TABLE0       the uplink's device, its VRF, and the table of that
# PREFIX                     the length of the subnet that SNAT1 and SNAT2 are in
# VIA, FRONT, MARK, ...      see open.sh
# shellcheck shell=sh
set -e
: "${IF1:=cl1}" "${VRF1:=red}" "${TABLE1:=10}" "${SNAT1:=192.0.2.11}"
: "${IF2:=cl2}" "${VRF2:=green}" "${TABLE2:=11}" "${SNAT2:=192.0.2.12}"
: "${UPLINK:=up0}" "${VRF0:=blue}" "${TABLE0:=20}" "${PREFIX:=24}"
cd "$(dirname "$0")"
NEEDS="$IF1 $VRF1 $IF2 $VRF2 $UPLINK ${IPTABLES:+$VRF0}" USES=networks BITS=2 . ./open.sh
ONE=$BIT1/$BIT1 TWO=$BIT2/$BIT2

forwarding
ip addr add "$SNAT1/$PREFIX" dev "$UPLINK"
ip addr add "$SNAT2/$PREFIX" dev "$UPLINK"
let_in "$VRF1"
let_in "$VRF2"

# Conntrack knows no VRFs: the same addresses need zones to be two flows. Only in the
# original direction; replies are told apart by SNAT.
# $VIA is in no VRF. Where a packet came in must be known in POSTROUTING, so it goes into
# the mark; and into the connection's, for the replies. (A packet of a VRF crosses
# PREROUTING twice, by the port and by the VRF's device: one is enough.)
if [ "$FRONT" = nft ]; then
	chains vrf-nat <<-EOF
		chain zones {
			type filter hook prerouting priority raw
			iifname "$IF1" ct original zone set 1
			iifname "$IF2" ct original zone set 2
		}
		chain marks {
			type filter hook prerouting priority mangle
			iifname "$IF1" ct mark set ct mark | $BIT1
			iifname "$IF2" ct mark set ct mark | $BIT2
			ct mark & $BIT1 != 0 meta mark set meta mark | $BIT1
			ct mark & $BIT2 != 0 meta mark set meta mark | $BIT2
		}
		chain postrouting {
			type nat hook postrouting priority srcnat - 1
			oifname "$VIA" meta mark & $BIT1 != 0 snat to $SNAT1
			oifname "$VIA" meta mark & $BIT2 != 0 snat to $SNAT2
		}
	EOF
else
	"$IPT" -t raw -A PREROUTING -i "$IF1" -j CT --zone-orig 1
	"$IPT" -t raw -A PREROUTING -i "$IF2" -j CT --zone-orig 2
	"$IPT" -t mangle -A PREROUTING -i "$IF1" -j CONNMARK --set-xmark "$ONE"
	"$IPT" -t mangle -A PREROUTING -i "$IF2" -j CONNMARK --set-xmark "$TWO"
	"$IPT" -t mangle -A PREROUTING -m connmark --mark "$ONE" -j MARK --set-xmark "$ONE"
	"$IPT" -t mangle -A PREROUTING -m connmark --mark "$TWO" -j MARK --set-xmark "$TWO"
	"$IPT" -t nat -A POSTROUTING -o "$VIA" -m mark --mark "$ONE" -j SNAT --to-source "$SNAT1"
	"$IPT" -t nat -A POSTROUTING -o "$VIA" -m mark --mark "$TWO" -j SNAT --to-source "$SNAT2"
fi

# Since about 6.15 "iif VRF" also means what that VRF sends itself (its neighbour
# discovery, the box's own): the VRF's table first, for those.
[ "$F" = 4 ] || $IP rule add pref "$PREF" iif lo l3mdev
# The second lookup is the default VRF's; only the translated source tells where.
$IP rule add pref $((PREF + 1)) iif "$VIA" from "$SNAT1" lookup "$TABLE0"
$IP rule add pref $((PREF + 1)) iif "$VIA" from "$SNAT2" lookup "$TABLE0"
# Replies go to the VRF that asked. In IPv4 a rule sees the port that a packet
# came in by; in IPv6, the device of its VRF.
[ "$F" = 4 ] && from=$UPLINK || from=$VRF0
$IP rule add pref $((PREF + 2)) iif "$from" fwmark "$ONE" lookup "$TABLE1"
$IP rule add pref $((PREF + 2)) iif "$from" fwmark "$TWO" lookup "$TABLE2"
# Into the hole, each by its VRF's own table.
into "$TABLE1"
into "$TABLE2"
