# SPDX-License-Identifier: GPL-2.0-only
# nvi-preempt on Debian's own kernels, which can be made preemptible by the command line
# (preempt=full), and whose 7.3 always is in some way.
# not on: patched: the test kernels are preemptible in the debug flavour only
# append: preempt=full
# cpus: 2
# claims: L10
# weight: 20
# spread: no
. /unhole/scenarios/nvi-preempt.sh
