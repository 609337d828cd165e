# SPDX-License-Identifier: GPL-2.0-only
# recipe-ftp-snat in IPv6.
# weight: 5
F=6
. /unhole/scenarios/recipe-ftp-snat.sh
