# SPDX-License-Identifier: GPL-2.0-only
# nvi-recipe-same-network in IPv6.
# patches: none
# claims: L10
# weight: 8
via nvi0
F=6
. /unhole/scenarios/recipe-same-network.sh
