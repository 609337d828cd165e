# SPDX-License-Identifier: GPL-2.0-only
# nvi-recipe-vrf-nat in IPv6.
# patches: none
# claims: L10
# weight: 11
via nvi0
F=6
. /unhole/scenarios/recipe-vrf-nat.sh
