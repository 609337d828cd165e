# SPDX-License-Identifier: GPL-2.0-only
# recipe-two-stage-nat with an nvi device that crosses PREROUTING instead of the rule; in IPv6:
# nvi-recipe-two-stage-nat6.
# patches: none
# claims: L10
# weight: 6
via nvi0
. /unhole/scenarios/recipe-two-stage-nat.sh
