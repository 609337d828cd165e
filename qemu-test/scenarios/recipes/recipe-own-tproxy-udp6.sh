# SPDX-License-Identifier: GPL-2.0-only
# recipe-own-tproxy-udp in IPv6.
F=6
. /unhole/scenarios/recipe-own-tproxy-udp.sh
