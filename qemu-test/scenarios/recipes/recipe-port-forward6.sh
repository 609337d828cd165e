# SPDX-License-Identifier: GPL-2.0-only
# recipe-port-forward in IPv6.
# patches: none
# weight: 12
F=6
. /unhole/scenarios/recipe-port-forward.sh
