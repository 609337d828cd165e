# SPDX-License-Identifier: GPL-2.0-only
# Shell scripts: the host's, the guest's, the scenarios', the packages'.
# Sourced by check.
# shellcheck shell=bash

mapfile -t host < <(grep -lE '^#!/bin/bash' -r qemu-test .ci)
ok_if 'shellcheck: the host side' shellcheck -x "${host[@]}" qemu-test/lib/{lib,boot}.sh qemu-test/build/tree.sh
ok_if 'shellcheck: the guest side' shellcheck -s dash -x -e SC1091 qemu-test/guest/{init,um-init,runner,scenario,transcript,lib.sh,bridge*.sh,second.sh,ipvs.sh,examples.sh,scan.sh,kselftest.sh} \
	qemu-test/debian/*.sh \
	debian/dkms/pre-build debian/*.{postinst,prerm}
# Recipes have variables and functions from open.sh, and give it some; $IP is two words.
ok_if 'shellcheck: recipes' shellcheck -s dash -e SC1091,SC2034,SC2086,SC2153,SC2154 recipes/*.sh
ok_if 'shellcheck: the checks' shellcheck -e SC2154,SC2034,SC2153,SC1091 qemu-test/checks/*.sh
# Scenarios are sourced, after lib.sh: its variables and functions are theirs.
ok_if 'shellcheck: scenarios' shellcheck -s dash -e SC1091,SC2034,SC2154,SC2086,SC2046 \
	qemu-test/guest/{predict,doctor}.sh qemu-test/scenarios/*/*.sh qemu-test/selftest/*.sh qemu-test/guest/{demo,ftp}.sh qemu-test/measure/*.sh
