# SPDX-License-Identifier: GPL-2.0-only
# The plug-in of iptables, and programs of the harness.
# Sourced by check.
# shellcheck shell=bash

ok_if 'cppcheck: the plug-in' c_check libxt_UNHOLE
ok_if 'the plug-in builds without a warning' make -s -C libxt_UNHOLE O="$work" WARN='-Wall -Wextra -Wmissing-prototypes -Wstrict-prototypes -Werror'
ok_if "cppcheck: the harness's programs" c_check qemu-test/{lib,measure,guest}/*.c recipes/*.c qemu-test/selftest/plant
