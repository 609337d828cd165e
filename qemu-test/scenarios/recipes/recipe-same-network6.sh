# SPDX-License-Identifier: GPL-2.0-only
# recipe-same-network in IPv6.
# weight: 8
# spread: yes
F=6
. /unhole/scenarios/recipe-same-network.sh
