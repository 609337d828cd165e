# SPDX-License-Identifier: GPL-2.0-only
# dns-redirect.sh for IPv6.
# shellcheck shell=sh
set -e
IPTABLES=ip6tables
. "$(dirname "$0")/dns-redirect.sh"
