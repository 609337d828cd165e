# SPDX-License-Identifier: GPL-2.0-only
# recipe-vrf-leak6 with an nvi device instead of the rule.
# patches: none
# claims: L10
# weight: 6
via nvi0
. /unhole/scenarios/recipe-vrf-leak6.sh
