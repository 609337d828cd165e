# SPDX-License-Identifier: GPL-2.0-only
# At the next hop of snat-pool6.sh: where the pool is.
#
# POOL  the prefix that the box translates to
# BOX   the box's address on the common subnet
# shellcheck shell=sh
set -e
: "${POOL:=2001:db8:ff::/64}" "${BOX:=2001:db8:2::1}"
ip -6 route replace "$POOL" via "$BOX"
