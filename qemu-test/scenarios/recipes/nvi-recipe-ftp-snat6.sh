# SPDX-License-Identifier: GPL-2.0-only
# nvi-recipe-ftp-snat in IPv6.
# patches: none
# claims: L10
# weight: 5
via nvi0
F=6
. /unhole/scenarios/recipe-ftp-snat.sh
