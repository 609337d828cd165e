# SPDX-License-Identifier: GPL-2.0-only
# nvi-pmtu with the private flag prerouting: what an error says on the second pass, behind
# SNAT, reaches a client and the box's own sockets, in both families.
# patches: none
# claims: L10
# weight: 8
NVI_FLAGS='prerouting on'
. /unhole/scenarios/nvi-pmtu.sh
