# SPDX-License-Identifier: GPL-2.0-only
# hole-local.sh for both families at once, with the device that both share.
#
# FAR, FAR6   the addresses, or the prefixes, that the box's own packets go to
# shellcheck shell=sh
set -e
: "${FAR:=203.0.113.7}" "${FAR6:=2001:db8:3::7}"
cd "$(dirname "$0")"
USES=own BITS=2
. ./open.sh
. ./hole-local.sh
IPTABLES=ip6tables FAR=$FAR6
. ./open.sh
. ./hole-local.sh
