# SPDX-License-Identifier: GPL-2.0-only
# over-wireguard with an nvi device instead of the rule.
# claims: L9 L10
# weight: 16
via nvi0
. /unhole/scenarios/over-wireguard.sh
