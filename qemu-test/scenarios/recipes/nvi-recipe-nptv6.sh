# SPDX-License-Identifier: GPL-2.0-only
# recipe-nptv6 with an nvi device instead of the rule.
# patches: none
# claims: L9 L10
# weight: 12
via nvi0
. /unhole/scenarios/recipe-nptv6.sh
