# SPDX-License-Identifier: GPL-2.0-only
# recipe-hairpin with an nvi device instead of the rule; in IPv6: nvi-recipe-hairpin6.
# patches: none
# claims: L10
# weight: 9
via nvi0
. /unhole/scenarios/recipe-hairpin.sh
