# SPDX-License-Identifier: GPL-2.0-only
# hairpin.sh for IPv6 (NAT66).
# shellcheck shell=sh disable=SC2034
set -e
: "${CLIENTS:=2001:db8:1::/64}" "${SERVER:=2001:db8:1::9}" "${PREFIX:=64}"
: "${PUBLIC:=2001:db8:2::80}" "${NAT_ADDRESS:=2001:db8:2::9}"
IPTABLES=ip6tables
. "$(dirname "$0")/hairpin.sh"
