# SPDX-License-Identifier: GPL-2.0-only
# snat-pool.sh for IPv6.
# shellcheck shell=sh disable=SC2034
set -e
: "${CLIENTS:=2001:db8:1::/64}" "${POOL:=2001:db8:ff::/64}"
: "${POOL_FROM:=2001:db8:ff::1-2001:db8:ff::ffff}"
IPTABLES=ip6tables
. "$(dirname "$0")/snat-pool.sh"
