# SPDX-License-Identifier: GPL-2.0-only
# Headers of scenarios, licences.
# Sourced by check.
# shellcheck shell=bash

# A kernel that is added must not touch them: they name exceptions only, and why.
exceptions_have_reasons() {
	! grep -n '^# kernels:' qemu-test/scenarios/*/*.sh qemu-test/selftest/*.sh &&
		! grep -n '^# not on:' qemu-test/scenarios/*/*.sh | grep -vE ': *(stock|patched|rt|preempt|debug|(stock-)?[0-9]+\.[0-9]+): [a-z-]'
}
named_once() { ! find qemu-test/scenarios -name '*.sh' -printf '%f\n' | sort | uniq -d | grep .; }
ok_if 'no two scenarios have one name' named_once
ok_if 'scenarios name the kernels that they do not run on, with the reason' exceptions_have_reasons
ok_if 'SPDX everywhere' sh -c '! git ls-files | grep -vE "^(patches/|debian/[a-qs-z]|LICENSE|COPYING|README|INSTALL|NOTES|CHANGELOG|SECURITY|\.)|config$|recipes/bridge\.md$|\.man$|Kconfig$|splats$|motd$|quiltrc$|README\.md$" | xargs grep -L SPDX-License-Identifier | grep .'
