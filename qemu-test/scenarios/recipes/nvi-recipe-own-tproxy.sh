# SPDX-License-Identifier: GPL-2.0-only
# recipe-own-tproxy with an nvi device that crosses PREROUTING instead of the rule; in IPv6:
# nvi-recipe-own-tproxy6.
# patches: none
# claims: L10
# weight: 7
via nvi0
. /unhole/scenarios/recipe-own-tproxy.sh
