# SPDX-License-Identifier: GPL-2.0-only
# recipe-own-mss with an nvi device instead of the rule; in IPv6:
# nvi-recipe-own-mss6, where the path MTU is learnt.
# patches: none
# claims: L10
# weight: 6
via nvi0
. /unhole/scenarios/recipe-own-mss.sh
