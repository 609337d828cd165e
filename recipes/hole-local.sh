# SPDX-License-Identifier: GPL-2.0-only
# The box's own packets to $FAR are routed into $VIA (open.sh). A bit of the mark leads
# there. It is taken off before the packet is looked up again, so that the second lookup,
# and the reverse lookup of rp_filter, find the true route in main. Another bit says in
# FORWARD that the packet is the box's own.
#
#   [box] uplink --- ... --- $FAR
#
# FAR   the address, or the prefix, that they go to
# shellcheck shell=sh
: "${FAR:=203.0.113.7}"
if [ -z "${BIT1-}" ]; then
	set -e
	cd "$(dirname "$0")" 2>/dev/null || :
	USES=own BITS=2 OPEN=no . ./open.sh
	# (UNHOLE's rule is yours, with the options that you want.)
	[ "$VIA" = lo ] || hole
fi
let_in "$VIA" "$(device_to "${FAR%/*}")" "$BIT2"
own=$((BIT1 | BIT2))
into "$TABLE"
if [ "$FRONT" = nft ]; then
	chains hole-local <<-EOF
		chain output {
			type route hook output priority mangle + 10
			$NF daddr $FAR meta mark set meta mark | $own
		}
		chain behind {
			type filter hook postrouting priority mangle
			oifname "$VIA" meta mark set meta mark & $(but "$BIT1")
		}
	EOF
else
	"$IPT" -t mangle -A "$CHAIN" "$WAY" "$VIA" -j MARK --set-xmark "0/$BIT1"
	"$IPT" -t mangle -A OUTPUT -d "$FAR" -j MARK --set-xmark "$own/$own"
fi
$IP rule add pref "$PREF" fwmark "$BIT1/$BIT1" lookup "$TABLE"
