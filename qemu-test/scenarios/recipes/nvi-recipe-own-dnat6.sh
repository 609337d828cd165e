# SPDX-License-Identifier: GPL-2.0-only
# nvi-recipe-own-dnat in IPv6.
# patches: none
# claims: L10
# weight: 6
via nvi0
F=6
. /unhole/scenarios/recipe-own-dnat.sh
