# SPDX-License-Identifier: GPL-2.0-only
# recipe-same-network with an nvi device that crosses PREROUTING instead of the rule; in IPv6:
# nvi-recipe-same-network6.
# patches: none
# claims: L10
# weight: 10
via nvi0
. /unhole/scenarios/recipe-same-network.sh
