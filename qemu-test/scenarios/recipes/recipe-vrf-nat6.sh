# SPDX-License-Identifier: GPL-2.0-only
# recipe-vrf-nat in IPv6.
# claims: L9
# weight: 11
F=6
. /unhole/scenarios/recipe-vrf-nat.sh
