# SPDX-License-Identifier: GPL-2.0-only
# over-vxlan with an nvi device instead of the rule.
# patches: none
# claims: L9 L10
# weight: 16
via nvi0
. /unhole/scenarios/over-vxlan.sh
