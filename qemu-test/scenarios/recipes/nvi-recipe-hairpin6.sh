# SPDX-License-Identifier: GPL-2.0-only
# nvi-recipe-hairpin in IPv6.
# patches: none
# claims: L10
# weight: 9
via nvi0
F=6
. /unhole/scenarios/recipe-hairpin.sh
