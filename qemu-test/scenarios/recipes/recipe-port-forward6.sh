# SPDX-License-Identifier: GPL-2.0-only
# recipe-port-forward in IPv6.
# patches: none
# weight: 12
# spread: yes
F=6
. /unhole/scenarios/recipe-port-forward.sh
