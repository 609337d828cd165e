# SPDX-License-Identifier: GPL-2.0-only
# hole-from.sh for IPv6.
# shellcheck shell=sh
[ -n "${BIT1-}" ] || cd "$(dirname "$0")" || exit
IPTABLES=ip6tables
. ./hole-from.sh
