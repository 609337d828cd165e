# SPDX-License-Identifier: GPL-2.0-only
# recipe-own-tproxy-udp in IPv6.
# kernels: 6.1 6.12 stock
F=6
. /unhole/scenarios/recipe-own-tproxy-udp.sh
