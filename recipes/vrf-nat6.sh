# SPDX-License-Identifier: GPL-2.0-only
# vrf-nat.sh for IPv6 (NAT66).
# shellcheck shell=sh disable=SC2034
set -e
: "${SNAT1:=2001:db8:2::11}" "${SNAT2:=2001:db8:2::12}" "${PREFIX:=64}"
IPTABLES=ip6tables
. "$(dirname "$0")/vrf-nat.sh"
