# SPDX-License-Identifier: GPL-2.0-only
# recipe-snat-nexthop-subnet with an nvi device instead of the rule.
# patches: none
# not on: rt: a real-time kernel has no legacy arptables, whose words these are
# claims: L6 L8 L10
# weight: 18
via nvi0
. /unhole/scenarios/recipe-snat-nexthop-subnet.sh
