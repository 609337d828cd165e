# SPDX-License-Identifier: GPL-2.0-only
# Clients leave with an address of the next hop's own subnet that the box does
# not have. The next hop asks by ARP who has it, and the box does not answer.
#
#   $CLIENTS --- $CLIENT_IF [box] $UPLINK --- $NEXTHOP
#
# CLIENTS       the clients' network
# CLIENT_IF     where they come in
# UPLINK        where they leave
# NEXTHOP       the next hop's address
# SNAT_ADDRESS  a free address of its subnet
# ARP           how the next hop gets to know: "mangle" (the article's way),
#               "proxy" (the box answers for the address), "none"
# VIA, FRONT, MARK, ...  see open.sh
# shellcheck shell=sh
set -e
: "${CLIENTS:=198.51.100.0/24}" "${CLIENT_IF:=cl0}" "${UPLINK:=up0}"
: "${NEXTHOP:=192.0.2.2}" "${SNAT_ADDRESS:=192.0.2.77}" "${ARP:=proxy}"
cd "$(dirname "$0")"
NEEDS="$CLIENT_IF $UPLINK" TOOLS=$([ "$ARP" != mangle ] || echo arptables) . ./open.sh
forwarding

case $ARP in
mangle)
	# The box asks for the next hop in the name of the address; who is asked
	# remembers who asked. Only questions: the article's rule has no --opcode
	# and also falsifies the box's answer to "who has (the box)?", which the
	# next hop then never learns. The article says "-t mangle"; the kernel has
	# one table only, and arptables-legacy takes any name for it.
	set -- OUTPUT -o "$UPLINK" -d "$NEXTHOP" --opcode Request -j mangle --mangle-ip-s "$SNAT_ADDRESS"
	note "arptables -D $*"
	arptables -A "$@"
	# What is known already is not asked for: forget it.
	ip neigh flush dev "$UPLINK" to "$NEXTHOP"
	;;
proxy)
	# The box answers who asks for the address. Linux does so only for an
	# address that it would forward out of another device; $VIA is one, a
	# blackhole is none. (What comes for it and is no reply is answered with
	# an ICMP error. Only lo without the core patches is not: there it circles
	# until its TTL is 0.)
	$IP route add "$SNAT_ADDRESS" dev "$VIA"
	ip neigh add proxy "$SNAT_ADDRESS" dev "$UPLINK"
	;;
esac
snat snat-nexthop-subnet "$CLIENTS" "$SNAT_ADDRESS"
DEV=$CLIENT_IF . ./hole-from.sh
