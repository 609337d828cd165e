# SPDX-License-Identifier: GPL-2.0-only
# Two planted locks, taken in both orders: the debug flavour's lockdep names it.
# flavours: debug
# expect: splat:lockdep
ok 'an assertion that holds does not save the run'
insmod /lib/modules/$(uname -r)/updates/plant.ko fault=lock
