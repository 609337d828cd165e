# SPDX-License-Identifier: GPL-2.0-only
# pod-to-itself.sh for IPv6.
# shellcheck shell=sh
set -e
: "${SERVICE:=2001:db8:3::80}" "${POD:=2001:db8:1::2}"
IPTABLES=ip6tables
. "$(dirname "$0")/pod-to-itself.sh"
