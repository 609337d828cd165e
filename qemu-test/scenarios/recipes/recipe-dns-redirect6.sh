# SPDX-License-Identifier: GPL-2.0-only
# recipe-dns-redirect in IPv6.
# patches: none
# weight: 8
F=6
. /unhole/scenarios/recipe-dns-redirect.sh
