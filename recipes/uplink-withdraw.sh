# SPDX-License-Identifier: GPL-2.0-only
# With uplinks.sh: the uplink behind $GW is gone. (A device that goes down takes
# its routes with it; this is for a next hop that is silent.)
#
# What goes on: flows whose address the other providers route, too. Their source
# stays what it was, since conntrack binds NAT once. What does not: flows with an
# address of the lost provider, see uplink-renumber.sh.
# shellcheck shell=sh
set -e
: "${GW:=192.0.2.2}"
ip route del default via "$GW" table 101
ip route del default via "$GW" table 102
ip route del default via "$GW" table 103
