# SPDX-License-Identifier: GPL-2.0-only
# The guest is killed from outside in the middle of a scenario.
# flavours: normal
# act: kill
# expect: lost
ok 'an assertion that holds does not save the run'
echo ready >/results/ready
sleep 1000
