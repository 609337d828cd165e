# SPDX-License-Identifier: GPL-2.0-only
# uplinks.sh for IPv6.
# shellcheck shell=sh
set -e
: "${CLIENTS1:=2001:db8:1::2}" "${SNAT1:=2001:db8:a1::17}" "${GW1=2001:db8:21::2}"
: "${CLIENTS2:=2001:db8:1::3}" "${SNAT2:=2001:db8:a2::33}" "${GW2=2001:db8:22::2}"
: "${CLIENTS3:=2001:db8:1::4}" "${SNAT3:=2001:db8:a3::49}" "${GW3=2001:db8:23::2}"
IPTABLES=ip6tables
. "$(dirname "$0")/uplinks.sh"
