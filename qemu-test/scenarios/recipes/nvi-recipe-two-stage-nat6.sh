# SPDX-License-Identifier: GPL-2.0-only
# nvi-recipe-two-stage-nat in IPv6.
# patches: none
# claims: L10
# weight: 6
via nvi0
F=6
. /unhole/scenarios/recipe-two-stage-nat.sh
