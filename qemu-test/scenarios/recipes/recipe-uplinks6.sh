# SPDX-License-Identifier: GPL-2.0-only
# recipe-uplinks in IPv6.
# claims: L9
# weight: 12
F=6
. /unhole/scenarios/recipe-uplinks.sh
