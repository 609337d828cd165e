# SPDX-License-Identifier: GPL-2.0-only
# own-dnat.sh for IPv6.
# shellcheck shell=sh
set -e
: "${VIP:=2001:db8:3::80}" "${SERVER:=2001:db8:3::7}"
IPTABLES=ip6tables
. "$(dirname "$0")/own-dnat.sh"
