# SPDX-License-Identifier: GPL-2.0-only
# The same as snat-own.sh on a kernel without the core patches and without
# accept_local: the address moves from table local to main. A source that is
# local is a martian on the second pass; a unicast one is not.
#
#   $CLIENTS --- $CLIENT_IF [box] $UPLINK --- next hop
#
# The box pays for it. It no longer answers ARP for the address, so it has to
# announce it (arp-announce.sh), and no service of the box can use it.
# The variables are those of snat-own.sh. (With VIA=nvi0 there is no martian, so
# snat-own.sh will do.)
# shellcheck shell=sh
set -e
: "${UPLINK:=up0}" "${SNAT_ADDRESS:=192.0.2.9}" "${VIA:=lo}"
. "$(dirname "$0")/snat-own.sh"
note "ip route add local $SNAT_ADDRESS dev $UPLINK table local proto kernel scope host src $SNAT_ADDRESS"
ip route del local "$SNAT_ADDRESS" dev "$UPLINK" table local
ip route add "$SNAT_ADDRESS" dev "$UPLINK"
