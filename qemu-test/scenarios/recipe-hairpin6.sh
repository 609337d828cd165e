# SPDX-License-Identifier: GPL-2.0-only
# recipe-hairpin in IPv6.
# kernels: 6.1 6.12 stock
# weight: 9
F=6
. /unhole/scenarios/recipe-hairpin.sh
