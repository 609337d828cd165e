# SPDX-License-Identifier: GPL-2.0-only
# A scenario that does not end.
# flavours: normal
# timeout: 3
# expect: timeout
ok 'an assertion that holds does not save the run'
while :; do sleep 1; done
