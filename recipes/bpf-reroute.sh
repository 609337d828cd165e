# SPDX-License-Identifier: GPL-2.0-only
# A second lookup on an unpatched kernel that may load no module: the first route has a
# BPF program of two instructions, which says "route it again" (Linux 5.1 and later,
# CONFIG_LWTUNNEL_BPF). SNAT at -o reroute0 is in place before that.
#
#   client --- CLIENT_IF [box] --- GW, GW6
#
# CLIENT_IF     where the clients come in
# FAR, FAR6     where the box's own packets take this way, too: an address or a prefix
# SNAT, SNAT6   the sources that they get, the clients' and the box's own
# GW, GW6       the next hops of these sources
# LOADER        bpf-return.c, compiled (cc -o bpf-return bpf-return.c)
#
# It does less than nvi; what, stands in the README ("Which way should I take?"). The
# second lookup is one for a packet of the box itself: rules tell it from the first by
# the translated source, not by iif. MASQUERADE loses what goes to reroute0. What the
# second lookup delivers on the box comes in as -i lo, which firewalls trust.
# shellcheck shell=sh
set -e
: "${CLIENT_IF:=cl0}" "${FAR:=203.0.113.7}" "${FAR6:=2001:db8:3::7}"
: "${SNAT:=192.0.2.9}" "${GW:=192.0.2.2}" "${SNAT6:=2001:db8:2::9}" "${GW6:=2001:db8:2::2}"
: "${LOADER:=bpf-return}"
sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1

# The device is for rules to name it, and sends nothing.
ip link add reroute0 type dummy
ip link set reroute0 up

# A route keeps its program. The file is for ip to find it.
bpf=$(mktemp -d)
mount -t bpf bpf "$bpf"
"$LOADER" lwt_xmit 128 "$bpf/reroute"
for f in -4 -6; do
	ip $f route add default encap bpf xmit pinned "$bpf/reroute" dev reroute0 table 50
	ip $f rule add fwmark 0x50 lookup 50
	ip $f rule add iif "$CLIENT_IF" lookup 50
done
umount "$bpf"
rmdir "$bpf"

# Second lookup: by the source.
ip rule add from "$SNAT" lookup 101
ip route add default via "$GW" table 101
ip -6 rule add from "$SNAT6" lookup 101
ip -6 route add default via "$GW6" table 101

nft -f - <<EOF
table inet bpf_reroute {
	chain output {
		type route hook output priority mangle
		ip daddr $FAR meta mark set 0x50
		ip6 daddr $FAR6 meta mark set 0x50
	}
	chain postrouting {
		type nat hook postrouting priority srcnat
		oifname reroute0 snat ip to $SNAT
		oifname reroute0 snat ip6 to $SNAT6
	}
}
EOF
