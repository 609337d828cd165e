# SPDX-License-Identifier: GPL-2.0-only
# A rule in one network namespace does nothing in another, and neither do its
# counters; nor does it touch another device than the namespace's own loopback.
# leaks: yes
# spread: no
topology
host other
must ip link add o0 type veth peer name eth0 netns other
must ip addr add 10.2.2.1/24 dev o0
must ip link set o0 up
must ip -n other addr add 10.2.2.2/24 dev eth0
must ip -n other link set eth0 up
# The same set-up, but for the rule.
must ip -n other route add $FAR via 10.2.2.1
must on other env FAR=$FAR sh /unhole/recipes/hole-local.sh
must on other sysctl -qw net.ipv4.ip_forward=1
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
says 'it has a table of its own' "$(on other lnstat -f unhole -i 1 -c 1)" unholed genuine not_lo
# shellcheck disable=SC2016 # awk's, not the shell's
counts() { on other awk 'NR > 1 && $1 !~ /^0*$/ { n++ } END { print n + 0 }' /proc/net/stat/unhole; }
is 'in which nothing is counted' "$(counts)" 0
must on other iptables -t raw -A PREROUTING -i lo -j UNHOLE
pings other 1 $FAR >/dev/null
at_least 'until it has a rule itself' "$(counts)" 1
is 'and the box counted no more' "$(stat_unhole unholed)" 2

# Without -i lo: what comes by other devices is passed over, and counted so.
must iptables -t raw -A PREROUTING -i up0 -j UNHOLE
before=$(stat_unhole not_lo)
check 'a rule on a NIC changes nothing' pings box 3 $PEER
is 'what it saw is counted as not_lo' $(($(stat_unhole not_lo) - before)) 3
is 'and not as unholed' "$(stat_unhole unholed)" 2
