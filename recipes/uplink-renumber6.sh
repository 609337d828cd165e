# SPDX-License-Identifier: GPL-2.0-only
# uplink-renumber.sh for IPv6, with uplinks6.sh.
# shellcheck shell=sh disable=SC2034
set -e
: "${CLIENTS:=2001:db8:1::2}" "${OLD:=2001:db8:a1::17}" "${NEW:=2001:db8:a2::33}"
IPTABLES=ip6tables
. "$(dirname "$0")/uplink-renumber.sh"
