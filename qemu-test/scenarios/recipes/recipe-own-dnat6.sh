# SPDX-License-Identifier: GPL-2.0-only
# recipe-own-dnat in IPv6.
# weight: 6
F=6
. /unhole/scenarios/recipe-own-dnat.sh
