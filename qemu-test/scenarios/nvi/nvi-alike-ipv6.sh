# SPDX-License-Identifier: GPL-2.0-only
# IPv6's twin of nvi-alike: the same rows, and headers that only IPv6 has.
# patches: none
# claims: L10
# timeout: 600
# weight: 110
F=6
. /unhole/scenarios/nvi-alike.sh
