# SPDX-License-Identifier: GPL-2.0-only
# A second lookup on an unpatched kernel, with no module of ours: the first route has a
# BPF program of two instructions, which says "route it again" (Linux 5.2 and later, with
# CONFIG_LWTUNNEL_BPF). SNAT at -o reroute0 is in place before that.
#
#   client --- CLIENT_IF [box] --- GW, GW6
#
# CLIENT_IF     where the clients come in
# FAR, FAR6     where the box's own packets take this way, too: an address or a prefix
# SNAT, SNAT6   the sources that they get, the clients' and the box's own
# GW, GW6       the next hops of these sources; GW6= for IPv4 alone
# MTU           the smallest MTU behind GW and GW6
# LOADER        bpf-return.c, compiled: cc -o bpf-return bpf-return.c
# MARK, ...     see open.sh
#
# It does less than nvi:
# - The second lookup is one for a packet of the box itself: FORWARD is not crossed again,
#   and rules tell it from the first by the translated source, not by iif.
# - What it delivers on the box comes in as -i lo, which firewalls trust.
# - MASQUERADE at reroute0 loses everything, and FTP stands still.
# - Clients do not hear of a missing second route, nor of an MTU below $MTU.
# - What it leads to reroute0 again is dropped, with a line in the kernel's log.
# shellcheck shell=sh
set -e
: "${CLIENT_IF:=cl0}" "${FAR:=203.0.113.7}" "${FAR6:=2001:db8:3::7}"
: "${SNAT:=192.0.2.9}" "${GW:=192.0.2.2}" "${SNAT6:=2001:db8:2::9}" "${GW6=2001:db8:2::2}"
: "${MTU:=1500}" "${LOADER:=$(dirname "$0")/bpf-return}"
case $LOADER in */*) LOADER=$(readlink -f "$LOADER") ;; esac
cd "$(dirname "$0")"
VIA=none FILLS=1 NEEDS=$CLIENT_IF TOOLS="nft mount $LOADER" . ./open.sh

families=4 six=
[ -z "$GW6" ] || { families='4 6' && six=6; }

# The device is for rules to name it, and sends nothing.
ip link add reroute0 type dummy
ip link set reroute0 mtu "$MTU" up

# A route keeps its program. The file is for ip to find it.
bpf=$(mktemp -d)
note "rmdir $bpf"
note "umount $bpf"
mount -t bpf bpf "$bpf"
"$LOADER" lwt_xmit 128 "$bpf/reroute"
for f in $families; do
	note "ip -$f route del default dev reroute0 table $TABLE"
	command ip -$f route add default encap bpf xmit pinned "$bpf/reroute" dev reroute0 table "$TABLE"
done
umount "$bpf"
rmdir "$bpf"

# The second lookup: by the source.
ip -4 route add default via "$GW" table "$TABLES"
ip -4 rule add pref "$PREF" from "$SNAT" lookup "$TABLES"
if [ -n "$six" ]; then
	ip -6 route add default via "$GW6" table "$TABLES"
	ip -6 rule add pref "$PREF" from "$SNAT6" lookup "$TABLES"
fi

# A mark leads to reroute0 (of clients, too: see hole-from.sh), and comes off behind SNAT:
# what that leaves as it is must not be led there again.
# shellcheck disable=SC2034 # chains
NF=inet
chains bpf-reroute <<EOF
	chain prerouting {
		type filter hook prerouting priority mangle + 10
		iifname "$CLIENT_IF" meta mark set meta mark | $BIT1
	}
	chain output {
		type route hook output priority mangle + 10
		ip daddr $FAR meta mark set meta mark | $BIT1
		${six:+ip6 daddr $FAR6 meta mark set meta mark | $BIT1}
	}
	chain postrouting {
		type nat hook postrouting priority srcnat
		oifname reroute0 snat ip to $SNAT
		${six:+oifname reroute0 snat ip6 to $SNAT6}
	}
	chain unmark {
		type filter hook postrouting priority srcnat + 1
		oifname reroute0 meta mark set meta mark & $(but "$BIT1")
	}
EOF

# The first lookup. All that it leads to is there by now.
for F in $families; do
	forwarding
	ip -$F rule add pref $((PREF + 1)) iif lo fwmark "$BIT1/$BIT1" lookup "$TABLE"
	ip -$F rule add pref $((PREF + 2)) iif "$CLIENT_IF" fwmark "$BIT1/$BIT1" lookup "$TABLE"
done
