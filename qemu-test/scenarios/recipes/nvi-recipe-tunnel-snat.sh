# SPDX-License-Identifier: GPL-2.0-only
# recipe-tunnel-snat with an nvi device instead of the rule; in IPv6:
# nvi-recipe-tunnel-snat6.
# patches: none
# claims: L9 L10
# weight: 12
via nvi0
. /unhole/scenarios/recipe-tunnel-snat.sh
