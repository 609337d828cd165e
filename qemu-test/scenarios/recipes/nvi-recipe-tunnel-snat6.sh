# SPDX-License-Identifier: GPL-2.0-only
# nvi-recipe-tunnel-snat in IPv6.
# patches: none
# claims: L9 L10
# weight: 12
via nvi0
F=6
. /unhole/scenarios/recipe-tunnel-snat.sh
