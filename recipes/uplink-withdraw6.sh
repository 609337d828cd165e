# SPDX-License-Identifier: GPL-2.0-only
# uplink-withdraw.sh for IPv6, with uplinks6.sh.
# shellcheck shell=sh disable=SC2034
set -e
: "${GW:=2001:db8:21::2}"
IPTABLES=ip6tables
. "$(dirname "$0")/uplink-withdraw.sh"
