# SPDX-License-Identifier: GPL-2.0-only
# IPv6: --set-xmark takes off the mark that leads into the hole, instead of a MARK
# rule in mangle PREROUTING: MARK's syntax and meaning, and only for what is
# unholed. Without it the second lookup leads into the hole again.
topology
hole_local6
must ip6tables -t mangle -D PREROUTING -i lo -j MARK --set-xmark 0/0x80
must sysctl -qw net.ipv6.conf.all.forwarding=$((1 - PATCHED))
capture wire peer eth0
unhole6
refute 'with the mark still on: no answer' pings box 1 $FAR6 -W 1
settled wire
is 'and nothing on the wire' "$(seen wire "host $FAR6")" 0
at_least 'though it was unholed' "$(stat_unhole unholed)" 1
must ip6tables -t raw -F

unhole6 --set-xmark 0
says 'listed' "$(ip6tables-save -t raw)" '-j UNHOLE --set-xmark 0x0'
check '--set-xmark 0: answered' pings box 3 $FAR6
settled wire
is 'on the wire' "$(seen wire "icmp6[icmp6type] == 128 and dst $FAR6")" 3
must ip6tables -t raw -F

# mark = (mark & ~mask) ^ value: 0x1000080 with 0xc1/0x10 is 0x1000080 ^ 0xc1 = 0x1000041.
unhole6 --set-xmark 0xc1/0x10
for m in 0x1000041 0x1000080 0x00; do
	must ip6tables -t mangle -A PREROUTING -i lo -m mark --mark $m -m comment --comment "mark $m"
done
check '--set-xmark value/mask: answered' pings box 3 $FAR6
is 'the mark is what MARK would have made' "$(rule_packets 'mark 0x1000041' ip6tables)" 3
is 'and no other' "$(rule_packets 'mark 0x1000080' ip6tables)$(rule_packets 'mark 0x00' ip6tables)" 00

# Genuine loopback traffic keeps its mark.
must ip6tables -t mangle -A OUTPUT -d ::1 -j MARK --set-mark 0x50
check 'loopback works' pings box 2 ::1
is 'and its mark is untouched, both ways' "$(rule_packets 'mark 0x50' ip6tables)" 4
