# SPDX-License-Identifier: GPL-2.0-only
# nvi-ipsec-policy with a device whose second pass crosses PREROUTING: no packet leaves in
# the clear that a policy wants encrypted, none comes in that it refuses, and what IPsec
# has made or taken apart is not asked about twice.
# patches: none
# claims: L9 L10
# weight: 14
export NVI_FLAGS='prerouting on'
via nvi0
. /unhole/scenarios/ipsec-policy.sh
