# SPDX-License-Identifier: GPL-2.0-only
# One DNAT rule in PREROUTING, for clients and for the box itself.
#
#   client --- [box] --- SERVER      what is sent to VIP goes to SERVER
#
# VIP      the address that is asked for
# SERVER   the host that answers
# VIA, FRONT, MARK, ...   see open.sh
#
# Plain Linux does it with the same rule once more, in OUTPUT. It must, where VIP is an
# address of the box: that is routed to the box before any rule of ours.
# shellcheck shell=sh
set -e
: "${VIP:=203.0.113.80}" "${SERVER:=203.0.113.7}"
cd "$(dirname "$0")"
USES=own AGAIN=reset-ct OPEN=no . ./open.sh
! $IP route show table local | grep -qE "^local ${VIP%/*}( |\$)" ||
	die "$VIP is the box's own, so what the box sends there is routed to itself" \
		'port-forward.sh, which has the rule in OUTPUT, too'

# What the box sends to VIP goes into the hole, which takes the mark off.
#
# NAT is bound when conntrack first sees a connection. So it must not see the first pass,
# and begins with the second: then PREROUTING is where it starts. (If the first pass must
# be tracked, leave that rule out, and give the second pass a zone: see below.)
hole "0/$BIT1"
into "$TABLE"
if [ "$FRONT" = nft ]; then
	chains own-dnat <<-EOF
		chain untracked {
			type filter hook output priority raw
			$NF daddr $VIP notrack
		}
		chain output {
			type route hook output priority mangle + 10
			$NF daddr $VIP meta mark set meta mark | $BIT1
		}
		chain behind {
			type filter hook prerouting priority raw
			iifname "$VIA" meta mark set meta mark & $(but "$BIT1")
			# iifname "$VIA" $NF daddr $VIP ct original zone set 2
		}
		chain prerouting {
			type nat hook prerouting priority dstnat - 1
			$NF daddr $VIP dnat to $SERVER
		}
	EOF
else
	"$IPT" -t raw -A OUTPUT -d "$VIP" -j CT --notrack
	"$IPT" -t mangle -A OUTPUT -d "$VIP" -j MARK --set-xmark "$BIT1/$BIT1"
	# "$IPT" -t raw -A PREROUTING -i "$VIA" -d "$VIP" -j CT --zone-orig 2
	"$IPT" -t nat -A PREROUTING -d "$VIP" -j DNAT --to-destination "$SERVER"
fi
$IP rule add pref "$PREF" fwmark "$BIT1/$BIT1" lookup "$TABLE"
