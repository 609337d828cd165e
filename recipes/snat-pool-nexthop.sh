# SPDX-License-Identifier: GPL-2.0-only
# At the next hop of snat-pool.sh: where the pool is.
#
# POOL  the addresses that the box translates to
# BOX   the box's address on the common subnet
# shellcheck shell=sh
set -e
: "${POOL:=203.0.113.128/28}" "${BOX:=192.0.2.1}"
cd "$(dirname "$0")"
VIA=none BITS=0 . ./open.sh
$IP route add "$POOL" via "$BOX"
