# SPDX-License-Identifier: GPL-2.0-only
# same-network.sh for IPv6: customer N is fd00:0:0:N::/64 to everybody else.
# shellcheck shell=sh disable=SC2034
set -e
: "${N:=1}"
: "${INNER:=fd00::/64}" "${OUTER:=fd00:0:0:$N::/64}"
IPTABLES=ip6tables
. "$(dirname "$0")/same-network.sh"
