# SPDX-License-Identifier: GPL-2.0-only
# A planted warn: the run ends red, and says so.
# flavours: normal
# expect: splat:warn
ok 'an assertion that holds does not save the run'
insmod /lib/modules/$(uname -r)/updates/plant.ko fault=warn
