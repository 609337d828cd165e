# SPDX-License-Identifier: GPL-2.0-only
# A guest that stops answering: its clock stands, so only the host can tell.
# flavours: normal
# timeout: 3
# act: stop
# expect: timeout
ok 'an assertion that holds does not save the run'
echo ready >/results/ready
sleep 1000
