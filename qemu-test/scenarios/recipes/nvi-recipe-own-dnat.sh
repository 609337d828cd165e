# SPDX-License-Identifier: GPL-2.0-only
# recipe-own-dnat with an nvi device that crosses PREROUTING instead of the rule; in IPv6:
# nvi-recipe-own-dnat6.
# patches: none
# claims: L10
# weight: 6
via nvi0
. /unhole/scenarios/recipe-own-dnat.sh
