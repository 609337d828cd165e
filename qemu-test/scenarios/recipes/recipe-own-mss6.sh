# SPDX-License-Identifier: GPL-2.0-only
# recipe-own-mss in IPv6.
# weight: 6
F=6
. /unhole/scenarios/recipe-own-mss.sh
