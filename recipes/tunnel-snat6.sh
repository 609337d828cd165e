# SPDX-License-Identifier: GPL-2.0-only
# tunnel-snat.sh for IPv6.
# shellcheck shell=sh
set -e
: "${CLIENTS:=2001:db8:1::/64}" "${BEYOND:=2001:db8:3::/64}" "${SNAT:=2001:db8:2::129}"
IPTABLES=ip6tables
. "$(dirname "$0")/tunnel-snat.sh"
