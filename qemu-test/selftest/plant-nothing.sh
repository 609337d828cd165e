# SPDX-License-Identifier: GPL-2.0-only
# A scenario that asserts nothing is no success.
# flavours: normal
# expect: fail
:
