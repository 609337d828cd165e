# SPDX-License-Identifier: GPL-2.0-only
# nvi-recipe-uplinks in IPv6.
# patches: none
# claims: L10
# weight: 12
via nvi0
F=6
. /unhole/scenarios/recipe-uplinks.sh
