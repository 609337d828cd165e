# SPDX-License-Identifier: GPL-2.0-only
# recipe-own-ttl-bgp with an nvi device instead of the rule.
# patches: none
# claims: L10
# weight: 9
via nvi0
. /unhole/scenarios/recipe-own-ttl-bgp.sh
