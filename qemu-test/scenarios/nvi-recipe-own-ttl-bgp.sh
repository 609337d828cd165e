# SPDX-License-Identifier: GPL-2.0-only
# recipe-own-ttl-bgp with an nvi device instead of the rule.
# claims: L10
# kernels: 6.1 6.12 stock
# weight: 9
via nvi0
. /unhole/scenarios/recipe-own-ttl-bgp.sh
