# SPDX-License-Identifier: GPL-2.0-only
# recipe-hairpin in IPv6.
# weight: 9
F=6
. /unhole/scenarios/recipe-hairpin.sh
