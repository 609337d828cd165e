# SPDX-License-Identifier: GPL-2.0-only
# The box's own packets to a neighbour, through the hole with their TTL as it was: eBGP
# sends with TTL 1, which would die on the second pass, and GTSM (RFC 5082) wants 255 to
# arrive as 255. (A socket that is bound to a device does not go into the hole: with
# BIRD, say "multihop 1", not "direct", which is the default.)
#
# FAR, FAR6   the neighbour's addresses; none: not for that family
# VIA, FRONT, MARK, ...   see open.sh
# shellcheck shell=sh
set -e
: "${FAR=192.0.2.2}" "${FAR6=2001:db8:2::2}"
cd "$(dirname "$0")"
USES=own BITS=2
for IPTABLES in iptables ip6tables; do
	[ $IPTABLES = iptables ] || FAR=$FAR6
	[ -n "$FAR" ] || continue
	. ./open.sh
	into "$TABLE"
	ttl='ip ttl' match=ttl target=TTL
	[ "$F" = 4 ] || ttl='ip6 hoplimit' match=hl target=HL

	# One more before forwarding takes one away. There is no 256, so 255 is mended
	# behind it. (nftables cannot add, so it has a rule for each.)
	if [ "$FRONT" = nft ]; then
		chains own-ttl <<-EOF
			chain more {
				$(seq 1 254 | awk -v t="$ttl" '{ print t, $1, t, "set", $1 + 1, "return" }')
			}
			chain output {
				type route hook output priority mangle + 10
				$NF daddr $FAR meta mark set meta mark | $BIT1
			}
			chain behind {
				type filter hook postrouting priority mangle
				oifname "$VIA" $NF daddr $FAR $ttl 255 meta mark set meta mark | $BIT2
				oifname "$VIA" $NF daddr $FAR jump more
				oifname "$VIA" meta mark set meta mark & $(but "$BIT1")
				oifname != "$VIA" meta mark & $BIT2 == $BIT2 $ttl set 255
			}
		EOF
	else
		"$IPT" -t mangle -A "$CHAIN" "$WAY" "$VIA" -d "$FAR" -m $match --$match-eq 255 -j MARK --set-xmark "$BIT2/$BIT2"
		"$IPT" -t mangle -A "$CHAIN" "$WAY" "$VIA" -d "$FAR" -j $target --$match-inc 1
		"$IPT" -t mangle -A "$CHAIN" "$WAY" "$VIA" -j MARK --set-xmark "0/$BIT1"
		"$IPT" -t mangle -A POSTROUTING -m mark --mark "$BIT2/$BIT2" -j $target --$match-set 255
		"$IPT" -t mangle -A OUTPUT -d "$FAR" -j MARK --set-xmark "$BIT1/$BIT1"
	fi
	$IP rule add pref "$PREF" fwmark "$BIT1/$BIT1" lookup "$TABLE"
done
