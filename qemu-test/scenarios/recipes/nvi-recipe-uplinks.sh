# SPDX-License-Identifier: GPL-2.0-only
# recipe-uplinks with an nvi device instead of the rule; in IPv6: nvi-recipe-uplinks6.
# patches: none
# claims: L9 L10
# weight: 14
via nvi0
. /unhole/scenarios/recipe-uplinks.sh
