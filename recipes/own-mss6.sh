# SPDX-License-Identifier: GPL-2.0-only
# own-mss.sh for IPv6.
# shellcheck shell=sh
set -e
: "${FAR:=2001:db8:3::7}" "${SRC:=2001:db8:2::1}"
IPTABLES=ip6tables
. "$(dirname "$0")/own-mss.sh"
