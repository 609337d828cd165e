# SPDX-License-Identifier: GPL-2.0-only
# A loop that leads from lo by a VRF device back into lo is not seen by the guard: the
# packet leaves lo for another device each time. Its TTL ends it, and its sender is told.
# README and NOTES say so.
topology
stock_sysctls
must sysctl -qw net.ipv4.ip_forward=1
must ip link add red type vrf table 10
must ip link set red up
must ip route add default dev lo vrf red
# Else the lookup of the VRF device itself would meet the rule for what comes in by lo.
must ip rule add pref 9 l3mdev
must ip route add default dev lo table 50
must ip rule add pref 10 iif cl0 to $FAR lookup 50
must ip route add default dev red table 51
must ip rule add pref 11 iif lo to $FAR lookup 51
unhole
capture client client eth0
on client sh -c "echo x | socat -u - UDP4-SENDTO:$FAR:4000"
_ended() { [ "$(seen client 'icmp[0] == 11')" = 1 ]; }
check 'its sender hears of it' wait_for 10 _ended
n=$(stat_unhole unholed)
at_least 'passes' "$n" 30
at_most 'passes: no more than its TTL' "$n" 64
says 'README says so' "$(tr '\n' ' ' </unhole/xt_UNHOLE/README.md)" 'a loop that leads through a VRF device in between is not seen'
