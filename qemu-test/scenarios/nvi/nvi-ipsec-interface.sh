# SPDX-License-Identifier: GPL-2.0-only
# ipsec-interface with an nvi device instead of the rule.
# patches: none
# claims: L9 L10
# weight: 14
via nvi0
. /unhole/scenarios/ipsec-interface.sh
