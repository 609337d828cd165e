# SPDX-License-Identifier: GPL-2.0-only
# hole-local.sh for IPv6: the box's own packets to $FAR6.
# shellcheck shell=sh
set -e
FAR=${FAR6:=2001:db8:3::7}
IPTABLES=ip6tables
[ -n "${BIT1-}" ] || cd "$(dirname "$0")"
. ./hole-local.sh
