# SPDX-License-Identifier: GPL-2.0-only
# recipe-own-tproxy in IPv6.
# weight: 8
F=6
. /unhole/scenarios/recipe-own-tproxy.sh
