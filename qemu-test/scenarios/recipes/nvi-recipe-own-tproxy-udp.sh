# SPDX-License-Identifier: GPL-2.0-only
# recipe-own-tproxy-udp with an nvi device that crosses PREROUTING instead of the rule; in IPv6:
# nvi-recipe-own-tproxy-udp6.
# patches: none
# claims: L10
via nvi0
. /unhole/scenarios/recipe-own-tproxy-udp.sh
