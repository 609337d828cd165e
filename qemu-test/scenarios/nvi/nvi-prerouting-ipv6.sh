# SPDX-License-Identifier: GPL-2.0-only
# nvi-prerouting, in IPv6.
# claims: L10
# weight: 12
F=6
. /unhole/scenarios/nvi-prerouting.sh
