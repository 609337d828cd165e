# SPDX-License-Identifier: GPL-2.0-only
# IPv6: a rule in one network namespace does nothing in another, and neither do
# its counters; nor does it touch another device than the namespace's own loopback.
# spread: no
topology
host other
wire box o0 2001:db8:7::1/64 other eth0 2001:db8:7::2/64
# The same set-up, but for the rule.
must ip -n other -6 route add $FAR6 via 2001:db8:7::1
must on other env FAR6=$FAR6 sh /unhole/recipes/hole-local6.sh
must on other sysctl -qw net.ipv6.conf.all.forwarding=1
hole_local6
unhole6
stock_sysctls
capture wire peer eth0
capture there other eth0
check 'the box: through the hole' pings box 2 $FAR6
is 'the box: counted' "$(stat_unhole unholed)" 2
refute 'the other namespace: held by its hole' pings other 2 $FAR6
settled there
is 'nothing left it' "$(seen there "host $FAR6")" 0
is 'it has counters of its own' "$(on other cat /proc/net/stat/unhole | tail -n +2 | tr -d ' 0\n')" ''
is 'and the box counted no more' "$(stat_unhole unholed)" 2

# Without -i lo: what comes by other devices is passed over, and counted so.
must ip6tables -t raw -A PREROUTING -i up0 -p icmpv6 --icmpv6-type echo-reply -j UNHOLE
before=$(stat_unhole not_lo)
check 'a rule on a NIC changes nothing' pings box 3 $PEER6
is 'what it saw is counted as not_lo' $(($(stat_unhole not_lo) - before)) 3
is 'and not as unholed' "$(stat_unhole unholed)" 2
