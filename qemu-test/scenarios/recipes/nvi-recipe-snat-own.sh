# SPDX-License-Identifier: GPL-2.0-only
# snat-own-address with an nvi device instead of the rule: on no kernel is the
# source a martian, so nothing else is needed.
# patches: none
# claims: L10
# weight: 5
via nvi0
. /unhole/scenarios/snat-own-address.sh
