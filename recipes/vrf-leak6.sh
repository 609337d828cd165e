# SPDX-License-Identifier: GPL-2.0-only
# vrf-leak.sh for IPv6.
# shellcheck shell=sh disable=SC2034
set -e
: "${CLIENTS:=2001:db8:1::/64}" "${LEAKED:=2001:db8:3::/64}"
IPTABLES=ip6tables
. "$(dirname "$0")/vrf-leak.sh"
