# SPDX-License-Identifier: GPL-2.0-only
# Two stages of NAT on one box: customer NAT at the hole, carrier NAT at the uplink,
# each with a conntrack entry of its own.
#
#   10.0.0.0/24 --- CUSTOMER_IF [box] UPLINK --- the net
#
#   10.0.0.2 -> net   in by CUSTOMER_IF; first stage: 10.0.0.2 becomes INSIDE
#   INSIDE   -> net   out of the hole; second stage: INSIDE becomes UPLINK's address
#   net -> UPLINK's   in by UPLINK; the second stage's entry: INSIDE again
#   net -> INSIDE     out of the hole; the first stage's entry: 10.0.0.2 again
#
# CUSTOMERS    the customers' network
# CUSTOMER_IF  the device that they come in by
# INSIDE       the address between the two stages; no device has it
# UPLINK       the device that leads out
# VIA, FRONT, ...   see open.sh
# shellcheck shell=sh
set -e
: "${CUSTOMERS:=10.0.0.0/24}" "${CUSTOMER_IF:=cl0}" "${INSIDE:=100.64.0.1}" "${UPLINK:=up0}"
cd "$(dirname "$0")"
NEEDS="$CUSTOMER_IF $UPLINK" BITS=0 AGAIN=reset-ct . ./open.sh
forwarding
let_in "$CUSTOMER_IF"
let_in "$UPLINK"
into "$TABLE"

# Each pass has an entry of its own. The uplink's side of the box is zone 2: what
# comes in by the uplink, and what comes out of the hole on its way there.
# Genuine loopback traffic has its entry already, and CT leaves it alone.
if [ "$FRONT" = nft ]; then
	chains two-stage-nat <<-EOF
		chain zones {
			type filter hook prerouting priority raw
			iifname "$UPLINK" ct zone set 2
			iifname "$VIA" $NF saddr $INSIDE ct zone set 2
		}
		chain stages {
			type nat hook postrouting priority srcnat - 1
			oifname "$VIA" $NF saddr $CUSTOMERS snat to $INSIDE
			oifname "$UPLINK" $NF saddr $INSIDE masquerade
		}
	EOF
else
	"$IPT" -t raw -A PREROUTING -i "$UPLINK" -j CT --zone 2
	"$IPT" -t raw -A PREROUTING -i "$VIA" -s "$INSIDE" -j CT --zone 2
	"$IPT" -t nat -A POSTROUTING -o "$VIA" -s "$CUSTOMERS" -j SNAT --to-source "$INSIDE"
	"$IPT" -t nat -A POSTROUTING -o "$UPLINK" -s "$INSIDE" -j MASQUERADE
fi
# What customers send goes into the hole, and so do the replies to the first
# stage. Behind the hole, main decides.
$IP rule add pref "$PREF" iif "$UPLINK" to "$INSIDE" lookup "$TABLE"
$IP rule add pref "$PREF" iif "$CUSTOMER_IF" from "$CUSTOMERS" lookup "$TABLE"
