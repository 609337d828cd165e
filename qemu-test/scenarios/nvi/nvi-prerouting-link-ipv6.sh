# SPDX-License-Identifier: GPL-2.0-only
# nvi-prerouting-link, in IPv6.
# patches: none
# claims: L10
# spread: no
F=6
. /unhole/scenarios/nvi-prerouting-link.sh
