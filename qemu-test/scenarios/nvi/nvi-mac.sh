# SPDX-License-Identifier: GPL-2.0-only
# LOG and "-m mac" on the second pass see the Ethernet header that the packet came
# in with, and see none where there is none any more.
# patches: none
# claims: L10
topology
must sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
nvi nvi0
mac=$(mac_of client eth0)
for f in -4 -6; do
	must ip $f rule add iif cl0 lookup 50
	must ip $f rule add fwmark 0x50 lookup 50
	must ip $f route add default dev nvi0 table 50
	must ip $f rule add iif nvi0 lookup main
done
for t in iptables ip6tables; do
	must $t -t mangle -A OUTPUT -p udp --dport 9 -j MARK --set-mark 0x50
	must $t -A FORWARD -o up0 -m mac --mac-source $mac -m comment --comment his
	must $t -A FORWARD -o up0 -m mac ! --mac-source $mac -m comment --comment other
	must $t -A FORWARD -o up0 -m comment --comment all
done
modprobe -qa nf_log_syslog || :
must nsenter --net=/unhole/init-netns sysctl -qw net.netfilter.nf_log_all_netns=1
must iptables -A FORWARD -o up0 -j LOG --log-prefix "nvi-mac-$$ "
count() { echo "$(rule_packets 'comment his' $1) $(rule_packets 'comment other' $1) $(rule_packets 'comment all' $1)"; }
check 'a client' pings client 3 $FAR
is '-m mac knows it on the second pass' "$(count)" '3 0 3'
check 'in IPv6' pings client 3 $FAR6
is '-m mac knows it on the second pass' "$(count ip6tables)" '3 0 3'
logged() { dmesg | grep -q "nvi-mac-$$ .*MAC=.*:$mac:08:00 "; }
check 'LOG shows it' wait_for 5 logged
# The box's own packets never had one.
must socat -u OPEN:/etc/hostname UDP4-SENDTO:$FAR:9
must socat -u OPEN:/etc/hostname "UDP6-SENDTO:[$FAR6]:9"
is "the box's own has none" "$(count)" '3 0 4'
is 'in IPv6 as well' "$(count ip6tables)" '3 0 4'
must ip link set cl0 address 02:00:00:00:be:ef
must ip -n client neigh flush dev eth0
check 'another address of the interface' pings client 2 $FAR
is '-m mac still knows the client' "$(count)" '5 0 6'
