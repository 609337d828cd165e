# SPDX-License-Identifier: GPL-2.0-only
# local-origin-nics in IPv6.
# claims: L3
# weight: 9
# timeout: 150
F=6 BULK=5
. /unhole/scenarios/local-origin-nics.sh
