# SPDX-License-Identifier: GPL-2.0-only
# A planted use after free: the debug flavour's KASAN names it.
# flavours: debug
# expect: splat:kasan
ok 'an assertion that holds does not save the run'
insmod /lib/modules/$(uname -r)/updates/plant.ko fault=uaf
