# SPDX-License-Identifier: GPL-2.0-only
# nvi-ipsec-end in IPv6.
# patches: none
# claims: L10
# weight: 10
F=6
. /unhole/scenarios/nvi-ipsec-end.sh
