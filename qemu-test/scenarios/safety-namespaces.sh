# SPDX-License-Identifier: GPL-2.0-only
# A rule in one network namespace does nothing in another, and neither do its
# counters.
# kernels: 6.1 6.12 stock
topology
host other
must ip link add o0 type veth peer name eth0 netns other
must ip addr add 10.2.2.1/24 dev o0
must ip link set o0 up
must ip -n other addr add 10.2.2.2/24 dev eth0
must ip -n other link set eth0 up
must ip -n other route add $FAR dev lo
hole_local
unhole
stock_sysctls
capture wire peer eth0
capture there other eth0
check 'the box: through the hole' pings box 2 $FAR
is 'the box: counted' "$(stat_unhole unholed)" 2
refute 'the other namespace: held by its hole' pings other 2 $FAR
settled there
is 'nothing left it' "$(seen there "host $FAR")" 0
is 'it has counters of its own' "$(on other cat /proc/net/stat/unhole | tail -n +2 | tr -d ' 0\n')" ''
is 'and the box counted no more' "$(stat_unhole unholed)" 2
