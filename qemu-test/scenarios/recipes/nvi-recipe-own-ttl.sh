# SPDX-License-Identifier: GPL-2.0-only
# recipe-own-ttl with an nvi device instead of the rule.
# patches: none
# claims: L10
# weight: 9
# spread: yes
via nvi0
. /unhole/scenarios/recipe-own-ttl.sh
