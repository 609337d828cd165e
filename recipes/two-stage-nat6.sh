# SPDX-License-Identifier: GPL-2.0-only
# two-stage-nat.sh for IPv6 (NAT66).
# shellcheck shell=sh disable=SC2034
set -e
: "${CUSTOMERS:=fd00::/64}" "${INSIDE:=fd00:64::1}"
IPTABLES=ip6tables
. "$(dirname "$0")/two-stage-nat.sh"
