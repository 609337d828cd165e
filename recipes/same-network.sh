# SPDX-License-Identifier: GPL-2.0-only
# Customers with the same network, on one box without namespaces, who reach each
# other (and others, and the box) by names of their own: customer N is 10.N.0.0/24 to
# everybody else. One call for each customer, N = 1, 2, ...:
#
#   10.0.0.0/24 --- cl1 [box] cl2 --- 10.0.0.0/24
#    "10.1.0.0/24"                     "10.2.0.0/24"
#
#   10.0.0.2 -> 10.2.0.3   in by cl1; customer 1's NAT, on the way into the hole
#   10.1.0.2 -> 10.2.0.3   out of it; these addresses are unique; customer 2's NAT
#   10.1.0.2 -> 10.0.0.3   out by cl2
#
# No rule names two customers: each has a NAT as if it had a router of its own.
#
# N       number of the customer, from 1; its zone, and with TABLES its routing table
# DEV     its device
# INNER   its network, as it knows it itself
# OUTER   its network, as all others know it
# VIA, FRONT, MARK, ...   see open.sh
# shellcheck shell=sh
set -e
: "${N:=1}"
: "${DEV:=cl$N}" "${INNER:=10.0.0.0/24}" "${OUTER:=10.$N.0.0/24}"
cd "$(dirname "$0")"
INSTANCE=$N NEEDS=$DEV USES=networks AGAIN=reset-ct OPEN=no . ./open.sh
# N, in the bits of MARK.
mark=0 left=$N
for bit in $BIT1 ${BIT2-} ${BIT3-} ${BIT4-} ${BIT5-} ${BIT6-} ${BIT7-} ${BIT8-}; do
	[ $((left % 2)) = 0 ] || mark=$((mark | bit))
	left=$((left / 2))
done
case $left,$mark in
0,0 | [!0]*) die "N=$N is no number that MARK=$MARK has room for" 'another N; or MARK=MASK with more bits' ;;
esac
mark=$(printf '0x%x' "$mark")

# Behind the hole is a new entry, and no mark.
hole "0/$MARK"
forwarding
let_in "$DEV"
into "$TABLE"

# What the customer sends: in its zone, since others have the same addresses, and with its
# mark on the way into the hole, since POSTROUTING does not know by which device a packet
# came in. What comes out of the hole for the customer: in its zone again; the mark leads
# to its device, for INNER does not.
# What the customer and the box say to each other: what the box sends is in no zone, and
# the connection's mark leads to the device.
if [ "$FRONT" = nft ]; then
	others=$(but "$MARK")
	chains "same-network-$N" <<-EOF
		chain zones {
			type filter hook prerouting priority raw
			iifname "$DEV" fib daddr type local ct original zone set $N
			iifname "$DEV" ct zone set $N
			iifname "$VIA" $NF daddr $OUTER fib saddr type local ct original zone set $N
			iifname "$VIA" $NF daddr $OUTER ct zone set $N
		}
		chain unmarked {
			type filter hook prerouting priority mangle - 1
			iifname "$VIA" meta mark set meta mark & $others
		}
		chain marks {
			type filter hook prerouting priority mangle
			iifname "$DEV" meta mark set meta mark & $others | $mark
			iifname "$DEV" fib daddr type local ct direction original ct mark set ct mark & $others | $mark
			iifname "$VIA" $NF daddr $OUTER meta mark set meta mark & $others | $mark
		}
		chain output {
			type route hook output priority mangle
			ct direction reply ct mark & $MARK == $mark meta mark set meta mark & $others | $mark
		}
		chain prerouting {
			type nat hook prerouting priority dstnat - 1
			iifname "$VIA" $NF daddr $OUTER dnat prefix to $INNER
		}
		chain postrouting {
			type nat hook postrouting priority srcnat - 1
			oifname "$VIA" meta mark & $MARK == $mark snat prefix to $OUTER
		}
	EOF
else
	"$IPT" -t raw -A PREROUTING -i "$DEV" -m addrtype --dst-type LOCAL -j CT --zone-orig "$N"
	"$IPT" -t raw -A PREROUTING -i "$DEV" -j CT --zone "$N"
	"$IPT" -t raw -A PREROUTING -i "$VIA" -d "$OUTER" -m addrtype --src-type LOCAL -j CT --zone-orig "$N"
	"$IPT" -t raw -A PREROUTING -i "$VIA" -d "$OUTER" -j CT --zone "$N"
	set -- --set-xmark "$mark/$MARK"
	"$IPT" -t mangle -A PREROUTING -i "$DEV" -j MARK "$@"
	"$IPT" -t mangle -A PREROUTING -i "$DEV" -m addrtype --dst-type LOCAL -m conntrack --ctdir ORIGINAL -j CONNMARK "$@"
	"$IPT" -t mangle -A PREROUTING -i "$VIA" -d "$OUTER" -j MARK "$@"
	"$IPT" -t mangle -A OUTPUT -m conntrack --ctdir REPLY -m connmark --mark "$mark/$MARK" -j MARK "$@"
	"$IPT" -t nat -A PREROUTING -i "$VIA" -d "$OUTER" -j NETMAP --to "$INNER"
	"$IPT" -t nat -A POSTROUTING -o "$VIA" -m mark --mark "$mark/$MARK" -j NETMAP --to "$OUTER"
fi
$IP route add "$INNER" dev "$DEV" table $((TABLES + N))
$IP rule add pref $((PREF + 1)) iif lo fwmark "$mark/$MARK" lookup $((TABLES + N))
$IP rule add pref $((PREF + 1)) iif "$VIA" fwmark "$mark/$MARK" lookup $((TABLES + N))
# Into the hole: what others send to the customer, and what it sends.
lead "$OUTER" main
$IP rule add pref "$PREF" iif "$DEV" lookup "$TABLE"
