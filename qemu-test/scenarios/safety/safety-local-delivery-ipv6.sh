# SPDX-License-Identifier: GPL-2.0-only
# safety-local-delivery for IPv6.
# weight: 8
# spread: no
F=6
. /unhole/scenarios/safety-local-delivery.sh
