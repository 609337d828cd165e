# SPDX-License-Identifier: GPL-2.0-only
# recipe-own-forward with an nvi device instead of the rule; in IPv6:
# nvi-recipe-own-forward6.
# patches: none
# claims: L10
# weight: 6
via nvi0
. /unhole/scenarios/recipe-own-forward.sh
