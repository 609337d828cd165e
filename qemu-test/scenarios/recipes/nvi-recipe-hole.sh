# SPDX-License-Identifier: GPL-2.0-only
# Recipes hole-from, hole-from6 and hole-local-nvi: a client's packets, and the box's
# own, through one nvi device that both families share, on every kernel with
# forwarding for clients, and no other sysctl. The device that exists is
# taken as it is; what keeps the mark comes back to it, and is dropped.
# claims: L3 L4 L10
# weight: 5
topology
via nvi0
capture wire peer eth0
recipe hole-local-nvi FAR=$FAR FAR6=$FAR6
for a in $FAR $FAR6; do check "the box: answered by $a" pings box 3 $a; done
settled wire
is 'one TTL lower' "$(seen wire 'icmp[0] == 8 and ip[8] == 63') $(seen wire 'icmp6 and ip6[40] == 128 and ip6[7] == 63')" '3 3'
is 'by the device' "$(passed_again)" 6
is 'forwarding is off' "$(sysctl -n net.ipv4.ip_forward net.ipv6.conf.all.forwarding | xargs)" '0 0'

must sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
index=$(cat /sys/class/net/nvi0/ifindex)
recipe open
recipe open IPTABLES=ip6tables
is 'a device that exists stays what it is' "$(cat /sys/class/net/nvi0/ifindex)" "$index"
is 'and no rule is made' "$(iptables-save | grep -c UNHOLE)" 0
recipe hole-from DEV=cl0
recipe hole-from6 DEV=cl0
for a in $FAR $FAR6; do check "a client: answered by $a" pings client 3 $a; done
settled wire
is 'two TTLs lower' "$(seen wire 'icmp[0] == 8 and ip[8] == 62') $(seen wire 'icmp6 and ip6[40] == 128 and ip6[7] == 62')" '3 3'
is 'by the device, too' "$(passed_again)" 12

for f in ip ip6; do must nft flush chain $f unhole-hole-local behind; done
loops=$(nvi_stat nvi0 drop_loop)
for a in $FAR $FAR6; do refute "with the mark still on: $a: not answered" pings box 1 $a -W 1; done
is 'dropped on its way back to the device' $(($(nvi_stat nvi0 drop_loop) - loops)) 2
