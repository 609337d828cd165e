# SPDX-License-Identifier: GPL-2.0-only
# uplink-withdraw.sh for IPv6, with uplinks6.sh: the uplink behind $GW is gone.
# Flows go on with the source that they have, if another provider routes it.
# shellcheck shell=sh
set -e
: "${GW:=2001:db8:21::2}"
ip -6 route del default via "$GW" table 101
ip -6 route del default via "$GW" table 102
ip -6 route del default via "$GW" table 103
