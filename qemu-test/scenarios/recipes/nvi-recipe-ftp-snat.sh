# SPDX-License-Identifier: GPL-2.0-only
# recipe-ftp-snat with an nvi device instead of the rule, and with nothing else: it
# leaves the second pass of what has a helper untracked, whoever sent it. In IPv6:
# nvi-recipe-ftp-snat6.
# patches: none
# claims: L10
# weight: 5
via nvi0
. /unhole/scenarios/recipe-ftp-snat.sh
