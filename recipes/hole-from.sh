# SPDX-License-Identifier: GPL-2.0-only
# Packets that come in by $DEV are routed into $VIA (open.sh); the second lookup has that
# as its input device and finds the true route in main.
# The mark is for the uplink's rp_filter=1: where a reply leaves by $DEV, its reverse
# lookup has $DEV as the input device as well, but no mark, and so not this route.
#
#   client --- $DEV [box] uplink --- the world
#
# DEV       the device that they come in by
# CLIENTS   whose packets, if not all: a network or an address. (Who goes through the hole
#           untranslated is not translated at the uplink, either.)
# shellcheck shell=sh
: "${DEV:=cl0}"
if [ -z "${BIT1-}" ]; then
	set -e
	cd "$(dirname "$0")" 2>/dev/null || :
	INSTANCE=$DEV NEEDS=$DEV OPEN=no . ./open.sh
	# (UNHOLE's rule is yours, with the options that you want.)
	[ "$VIA" = lo ] || hole
fi
let_in "$DEV"
into "$TABLE"
if [ "$FRONT" = nft ]; then
	chains "hole-from-$DEV" <<-EOF
		chain prerouting {
			type filter hook prerouting priority mangle + 10
			iifname "$DEV" ${CLIENTS:+$NF saddr $CLIENTS }meta mark set meta mark | $BIT1
		}
	EOF
else
	"$IPT" -t mangle -A PREROUTING -i "$DEV" ${CLIENTS:+-s "$CLIENTS"} -j MARK --set-xmark "$BIT1/$BIT1"
fi
$IP rule add pref "$PREF" iif "$DEV" fwmark "$BIT1/$BIT1" lookup "$TABLE"
