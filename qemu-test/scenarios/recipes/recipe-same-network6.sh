# SPDX-License-Identifier: GPL-2.0-only
# recipe-same-network in IPv6.
# weight: 8
F=6
. /unhole/scenarios/recipe-same-network.sh
