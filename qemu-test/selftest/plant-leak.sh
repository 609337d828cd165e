# SPDX-License-Identifier: GPL-2.0-only
# Planted memory leaks: found after the scenario has passed. kmemleak is built
# into every patched kernel, and asleep unless a boot wakes it.
# flavours: normal
# append: kmemleak=on
# expect: splat:leak
ok 'an assertion that holds does not save the run'
insmod /lib/modules/$(uname -r)/updates/plant.ko fault=leak
