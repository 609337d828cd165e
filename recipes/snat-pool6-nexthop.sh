# SPDX-License-Identifier: GPL-2.0-only
# snat-pool-nexthop.sh for IPv6.
# shellcheck shell=sh disable=SC2034
set -e
: "${POOL:=2001:db8:ff::/64}" "${BOX:=2001:db8:2::1}"
IPTABLES=ip6tables
. "$(dirname "$0")/snat-pool-nexthop.sh"
