# SPDX-License-Identifier: GPL-2.0-only
# recipe-snat-pool with an nvi device instead of the rule.
# patches: none
# claims: L6 L7 L10
# weight: 16
via nvi0
. /unhole/scenarios/recipe-snat-pool.sh
