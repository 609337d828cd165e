# SPDX-License-Identifier: GPL-2.0-only
# At the next hop of snat-pool.sh: BIRD, by hand.
#
# RUN  where BIRD puts its socket
# shellcheck shell=sh
set -e
: "${CONF:=snat-pool-bird-nexthop.conf}"
. "$(dirname "$0")/snat-pool-bird.sh"
