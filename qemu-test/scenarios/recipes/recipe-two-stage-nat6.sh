# SPDX-License-Identifier: GPL-2.0-only
# recipe-two-stage-nat in IPv6.
# weight: 6
F=6
. /unhole/scenarios/recipe-two-stage-nat.sh
