# SPDX-License-Identifier: GPL-2.0-only
# recipe-pod-to-itself in IPv6.
# patches: none
# weight: 9
F=6
. /unhole/scenarios/recipe-pod-to-itself.sh
