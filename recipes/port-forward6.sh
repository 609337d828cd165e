# SPDX-License-Identifier: GPL-2.0-only
# port-forward.sh for IPv6.
# shellcheck shell=sh
set -e
: "${SERVER:=2001:db8:1::9}"
IPTABLES=ip6tables
. "$(dirname "$0")/port-forward.sh"
