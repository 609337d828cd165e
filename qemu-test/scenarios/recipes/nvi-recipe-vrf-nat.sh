# SPDX-License-Identifier: GPL-2.0-only
# recipe-vrf-nat with an nvi device instead of the rule; in IPv6: nvi-recipe-vrf-nat6.
# patches: none
# claims: L9 L10
# weight: 11
via nvi0
. /unhole/scenarios/recipe-vrf-nat.sh
