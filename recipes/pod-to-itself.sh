# SPDX-License-Identifier: GPL-2.0-only
# A pod or container that asks for its own service, by the service's address. Plain Linux,
# without a hole.
#
#   POD (POD_PORT) --- DEV [box: what is sent to SERVICE, PORT goes to POD]
#
# SERVICE, PORT   the service's address and port
# POD, POD_PORT   the only one, or one of those, that serve it
# PROTO           tcp or udp
# DEV             the device that leads to the pod
# BRIDGE_PORT     the bridge's port that the pod is behind, if DEV is a bridge
# DNAT            no: somebody else's rules (kube-proxy, Docker) lead there already
# FRONT           see open.sh
#
# The pod would get its own packet back with its own address, and drop it. So that has the
# box's address, where source and destination are the same. A bridge that netfilter sees
# (bridge-nf-call-iptables) sends nothing back by the port that it came in by, unless that
# port may ("hairpin").
# shellcheck shell=sh
set -e
: "${SERVICE:=203.0.113.80}" "${PORT:=80}" "${POD:=198.51.100.2}" "${POD_PORT:=8080}" "${PROTO:=tcp}" "${DEV:=cl0}" "${DNAT:=yes}"
cd "$(dirname "$0")"
INSTANCE=$POD-$PROTO-$PORT NEEDS="$DEV ${BRIDGE_PORT-}" BITS=0 VIA=none TOOLS=rules . ./open.sh
[ "$F" = 4 ] && to=$POD:$POD_PORT || to=[$POD]:$POD_PORT
if [ -n "${BRIDGE_PORT-}" ]; then
	case $(bridge -d link show dev "$BRIDGE_PORT") in
	'') die "$BRIDGE_PORT is no port of a bridge" 'BRIDGE_PORT=DEVICE as in: bridge link' ;;
	*'hairpin on'*) ;;
	*)
		note "bridge link set dev $BRIDGE_PORT hairpin off"
		bridge link set dev "$BRIDGE_PORT" hairpin on
		;;
	esac
fi
forwarding
pass "-i $DEV -d $POD -p $PROTO --dport $POD_PORT -m conntrack --ctstate DNAT" "iifname $DEV $NF daddr $POD $PROTO dport $POD_PORT ct status dnat"
pass "-i $DEV -s $POD -p $PROTO --sport $POD_PORT -m conntrack --ctstate DNAT --ctdir REPLY" "iifname $DEV $NF saddr $POD $PROTO sport $POD_PORT ct status dnat ct direction reply"
if [ "$FRONT" = nft ]; then
	chains "pod-to-itself-$(echo "$INSTANCE" | tr .: __)" <<-EOF
		chain postrouting {
			type nat hook postrouting priority srcnat - 1
			$NF saddr $POD $NF daddr $POD $PROTO dport $POD_PORT ct status dnat masquerade
		}
		chain service { $([ "$DNAT" = no ] || echo "$NF daddr $SERVICE $PROTO dport $PORT dnat to $to"); }
		chain output { type nat hook output priority -101; jump service; }
		chain prerouting { type nat hook prerouting priority dstnat - 1; jump service; }
	EOF
	exit
fi
"$IPT" -t nat -I POSTROUTING -s "$POD" -d "$POD" -p "$PROTO" --dport "$POD_PORT" -m conntrack --ctstate DNAT -j MASQUERADE
for chain in OUTPUT PREROUTING; do
	[ "$DNAT" = no ] || "$IPT" -t nat -I $chain -d "$SERVICE" -p "$PROTO" --dport "$PORT" -j DNAT --to-destination "$to"
done
