# SPDX-License-Identifier: GPL-2.0-only
# At the next hop of snat-pool.sh: BIRD, by hand.
#
# RUN  where BIRD puts its socket
# shellcheck shell=sh
set -e
: "${RUN:=/run/bird}"
cd "$(dirname "$0")"
mkdir -p "$RUN"
bird -c snat-pool-bird-nexthop.conf -s "$RUN/bird.ctl"
