# SPDX-License-Identifier: GPL-2.0-only
# On the box of snat-pool.sh: the pool is announced by BGP. The packages that
# distributions make of BIRD start it with /etc/bird/bird.conf; this starts it
# by hand.
#
# RUN  where BIRD puts its socket
# shellcheck shell=sh
set -e
: "${RUN:=/run/bird}"
cd "$(dirname "$0")"
mkdir -p "$RUN"
bird -c snat-pool-bird.conf -s "$RUN/bird.ctl"
