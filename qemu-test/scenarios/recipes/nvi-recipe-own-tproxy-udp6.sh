# SPDX-License-Identifier: GPL-2.0-only
# nvi-recipe-own-tproxy-udp in IPv6.
# patches: none
# claims: L10
via nvi0
F=6
. /unhole/scenarios/recipe-own-tproxy-udp.sh
