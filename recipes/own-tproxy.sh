# SPDX-License-Identifier: GPL-2.0-only
# A transparent proxy on the box, for clients and for the box itself. Run it once for TCP
# and once for UDP, or for several ports, with the same bits of the mark.
#
#   clients --- CLIENT_IF [box: proxy on PROXY_PORT] --- servers, port PORT
#
# CLIENT_IF      the device that clients come in by
# PROTO          tcp or udp
# PORT           what is proxied
# PROXY_PORT     where the proxy listens, with IP_TRANSPARENT
# PROXY_UID      what tells the proxy, whose own connections go out: its user;
# PROXY_MARK     or the mark of its sockets, as VALUE or VALUE/MASK;
# PROXY_CGROUP   or its cgroup (v2), such as system.slice/proxy.service
# VIA, FRONT, MARK, ...   see open.sh
#
# Plain Linux does it by "local default dev lo" and a mark in OUTPUT: see plain-linux.sh
# among the scenarios. This way PREROUTING has one rule for clients and box.
# shellcheck shell=sh
set -e
: "${CLIENT_IF:=cl0}" "${PROTO:=tcp}" "${PORT:=80}" "${PROXY_PORT:=3129}" "${PROXY_UID:=13}"
cd "$(dirname "$0")"
USES=own BITS=3 AGAIN=prerouting FILLS=1 INSTANCE=$PROTO-$PORT NEEDS=$CLIENT_IF OPEN=no . ./open.sh
# BIT2 leads into the hole, BIT3 to the proxy. (BIT1 is not used: PROXY_MARK=255, which
# many proxies have, holds it.)
[ $((${PROXY_MARK:-0} & (BIT2 | BIT3))) = 0 ] ||
	die "PROXY_MARK=$PROXY_MARK has bits that this sets itself" "MARK=MASK with other bits than $MARK"
if [ -n "${PROXY_CGROUP-}" ]; then
	level=$(echo "$PROXY_CGROUP" | tr / '\n' | grep -c .)
	nft="socket cgroupv2 level $level \"$PROXY_CGROUP\"" xt="-m cgroup --path $PROXY_CGROUP"
elif [ -n "${PROXY_MARK-}" ]; then
	value=${PROXY_MARK%/*} mask=0xffffffff
	[ "$value" = "$PROXY_MARK" ] || mask=${PROXY_MARK#*/}
	nft="meta mark & $mask == $value" xt="-m mark --mark $value/$mask"
else
	nft="meta skuid $PROXY_UID" xt="-m owner --uid-owner $PROXY_UID"
fi

# The proxy is local, and the kernel cannot always tell the box's own packets from a
# client's, so lo must be told to deliver: what has BIT2, and nothing else. BIT3 tells what
# came out of the hole from loopback's own. (Nothing of that comes by an nvi device.)
if [ "$VIA" = lo ]; then
	"$IPT" -t raw -A PREROUTING -i lo -m mark --mark "$BIT2/$BIT2" -j UNHOLE --set-xmark "$BIT3/$((BIT2 | BIT3))" --allow-local
else
	hole "0/$BIT2"
fi
# To the proxy: clients directly, the box from the hole. Their packets keep their
# destination, and this route makes it a local one.
$IP route add local default dev lo table "$TABLES"
$IP rule add pref $((PREF + 3)) fwmark "$BIT3/$BIT3" lookup "$TABLES"

# What the box sends goes into the hole, save for the proxy's connections. Their first
# packet has an owner; the last may be sent when the proxy has closed the socket, and
# have none.
into "$TABLE"
$IP rule add pref $((PREF + 4)) fwmark "$BIT2/$BIT2" lookup "$TABLE"
if [ "$FRONT" = nft ]; then
	chains "own-tproxy-$INSTANCE" <<-EOF
		chain prerouting {
			type filter hook prerouting priority mangle + 10
			iifname "$VIA" meta mark set meta mark & $(but "$BIT2")
			iifname { "$CLIENT_IF", "$VIA" } $PROTO dport $PORT meta mark set meta mark | $BIT3 tproxy to :$PROXY_PORT accept
			iifname { "$CLIENT_IF", "$VIA" } $PROTO dport $PORT drop
		}
		chain output {
			type route hook output priority mangle + 10
			$PROTO dport $PORT ct state new $nft ct mark set ct mark | $BIT2
			$PROTO dport $PORT ct mark & $BIT2 == 0 meta mark set meta mark | $BIT2
		}
	EOF
else
	"$IPT" -t mangle -A PREROUTING -i "$CLIENT_IF" -p "$PROTO" --dport "$PORT" \
		-j TPROXY --on-port "$PROXY_PORT" --tproxy-mark "$BIT3/$BIT3"
	from_lo=
	[ "$VIA" != lo ] || from_lo="-m mark --mark $BIT3/$BIT3"
	# shellcheck disable=SC2086 # words
	"$IPT" -t mangle -A PREROUTING -i "$VIA" $from_lo -p "$PROTO" --dport "$PORT" \
		-j TPROXY --on-port "$PROXY_PORT" --tproxy-mark "$BIT3/$BIT3"
	# shellcheck disable=SC2086 # words
	"$IPT" -t mangle -A OUTPUT -p "$PROTO" --dport "$PORT" -m conntrack --ctstate NEW $xt -j CONNMARK --set-xmark "$BIT2/$BIT2"
	"$IPT" -t mangle -A OUTPUT -p "$PROTO" --dport "$PORT" -m connmark ! --mark "$BIT2/$BIT2" -j MARK --set-xmark "$BIT2/$BIT2"
fi
