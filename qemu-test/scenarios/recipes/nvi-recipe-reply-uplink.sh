# SPDX-License-Identifier: GPL-2.0-only
# recipe-reply-uplink with an nvi device instead of the rule.
# patches: none
# claims: L10
# weight: 11
via nvi0
. /unhole/scenarios/recipe-reply-uplink.sh
