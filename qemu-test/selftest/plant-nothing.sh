# SPDX-License-Identifier: GPL-2.0-only
# A scenario that asserts nothing is no success.
# kernels: 6.12
# flavours: normal
# expect: fail
:
