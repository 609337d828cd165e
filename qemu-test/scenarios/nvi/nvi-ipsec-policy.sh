# SPDX-License-Identifier: GPL-2.0-only
# ipsec-policy with an nvi device instead of the rule.
# patches: none
# claims: L9 L10
# weight: 14
# spread: no
via nvi0
. /unhole/scenarios/ipsec-policy.sh
