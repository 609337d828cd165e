# SPDX-License-Identifier: GPL-2.0-only
# One port of the box's own public address is a server's inside: for the world, for the
# clients' network, for the server itself and for the box. Plain Linux, without a hole.
#
#   the world --- [box: ADDRESS, PORT] --- SERVER, clients
#
# ADDRESS       the public address; none: whichever the box has, but for loopback's and
#               those on the server's side. So it may change at any time
# PROTO, PORT   what is forwarded
# SERVER, SERVER_PORT   where to; the server's way back must lead by the box
# FRONT         see open.sh
#
# A rule in PREROUTING does not see what the box itself sends, so it stands in OUTPUT, too.
# What comes from the server's own network, where it would answer directly, gets the box's
# address; the rest keeps its source. MASQUERADE at the uplink does not mind.
# shellcheck shell=sh
set -e
: "${ADDRESS:=}" "${PROTO:=tcp}" "${PORT:=8080}" "${SERVER:=198.51.100.9}" "${SERVER_PORT:=80}"
cd "$(dirname "$0")"
INSTANCE=$PROTO-$PORT BITS=0 VIA=none TOOLS=rules . ./open.sh
inside=$(device_to "$SERVER" 2>/dev/null)
[ "${inside:-lo}" != lo ] || die "there is no route to $SERVER" 'SERVER is the host inside that answers'
nets=$($IP route show dev "$inside" table main | sed -n 's/^\([0-9a-f][^ ]*\) .*/\1/p' | grep -vE '^(fe80|default)' | xargs)
ours=$($IP addr show dev "$inside" scope global | sed -n 's/.* inet6* \([^/ ]*\).*/\1/p' | xargs)
[ "$F" = 4 ] && to=$SERVER:$SERVER_PORT loopback=127.0.0.0/8 || to=[$SERVER]:$SERVER_PORT loopback=::1
forwarding
pass "-d $SERVER -p $PROTO --dport $SERVER_PORT -m conntrack --ctstate DNAT" "$NF daddr $SERVER $PROTO dport $SERVER_PORT ct status dnat"
pass "-s $SERVER -p $PROTO --sport $SERVER_PORT -m conntrack --ctstate DNAT --ctdir REPLY" "$NF saddr $SERVER $PROTO sport $SERVER_PORT ct status dnat ct direction reply"
if [ "$FRONT" = nft ]; then
	asked="fib daddr type local $NF daddr != { $(echo "$loopback $ours" | sed 's/ /, /g') }"
	chains "port-forward-$INSTANCE" <<-EOF
		chain forwarded { ${ADDRESS:+$NF daddr $ADDRESS} $([ -n "$ADDRESS" ] || echo "$asked") $PROTO dport $PORT dnat to $to; }
		chain postrouting {
			type nat hook postrouting priority srcnat - 1
			oifname "$inside" $NF saddr { $(echo "$nets" | sed 's/ /, /g') } $NF daddr $SERVER $PROTO dport $SERVER_PORT ct status dnat masquerade
		}
		chain output { type nat hook output priority -101; jump forwarded; }
		chain prerouting { type nat hook prerouting priority dstnat - 1; jump forwarded; }
	EOF
	exit
fi
for net in $nets; do
	"$IPT" -t nat -I POSTROUTING -o "$inside" -s "$net" -d "$SERVER" -p "$PROTO" --dport "$SERVER_PORT" \
		-m conntrack --ctstate DNAT -j MASQUERADE
done
for chain in OUTPUT PREROUTING; do
	if [ -n "$ADDRESS" ]; then
		"$IPT" -t nat -I $chain -d "$ADDRESS" -p "$PROTO" --dport "$PORT" -j DNAT --to-destination "$to"
		continue
	fi
	"$IPT" -t nat -I $chain -m addrtype --dst-type LOCAL -p "$PROTO" --dport "$PORT" -j DNAT --to-destination "$to"
	for a in $loopback $ours; do
		"$IPT" -t nat -I $chain -d "$a" -p "$PROTO" --dport "$PORT" -j RETURN
	done
done
