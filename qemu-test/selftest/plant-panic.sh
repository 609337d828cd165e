# SPDX-License-Identifier: GPL-2.0-only
# A planted panic: the run ends red, and says so.
# flavours: normal
# expect: panic
ok 'an assertion that holds does not save the run'
insmod /lib/modules/$(uname -r)/updates/plant.ko fault=panic
