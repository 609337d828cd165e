# SPDX-License-Identifier: GPL-2.0-only
# An assertion that fails, and a script that ends with 0 all the same.
# flavours: normal
# expect: fail
is 'planted' 1 2
exit 0
