# SPDX-License-Identifier: GPL-2.0-only
# ftp-snat.sh for IPv6 (NAT66).
# shellcheck shell=sh disable=SC2034
set -e
: "${SERVER:=2001:db8:3::7}" "${SNAT:=2001:db8:2::9}" "${SNAT_OWN:=2001:db8:2::198}"
IPTABLES=ip6tables
. "$(dirname "$0")/ftp-snat.sh"
