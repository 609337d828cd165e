# SPDX-License-Identifier: GPL-2.0-only
# recipe-tunnel-snat in IPv6.
# weight: 12
F=6
. /unhole/scenarios/recipe-tunnel-snat.sh
