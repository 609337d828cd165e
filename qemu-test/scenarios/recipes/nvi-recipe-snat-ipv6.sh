# SPDX-License-Identifier: GPL-2.0-only
# recipe-snat-ipv6 with an nvi device instead of the rule.
# patches: none
# claims: L6 L7 L8 L10
# weight: 10
via nvi0
. /unhole/scenarios/recipe-snat-ipv6.sh
