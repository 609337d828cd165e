# SPDX-License-Identifier: GPL-2.0-only
# unhole-path doctor: a route into the hole that the uplink's strict rp_filter finds,
# and one that the second lookup finds in main. Packets are lost as it says, and are
# not once its cure has run.
# weight: 12
. /unhole/doctor.sh
topology
stock_sysctls
must sysctl -qw net.ipv4.ip_forward=1
for d in all up0 cl0; do must sysctl -qw net.ipv4.conf.$d.rp_filter=0; done
capture peer peer eth0
# sent WHO WHAT REQUESTS REPLIES LOST: of 3 pings, what the peer sees and rp_filter drops.
sent() {
	_before=$(mib TcpExtIPReversePathFilter)
	_q=$(seen peer 'icmp[0] == 8') _r=$(seen peer 'icmp[0] == 0')
	_heard=$(on "$1" ping -n -q -c 3 -i 0.05 -W 1 $FAR | sed -n 's/.* \([0-9]*\) received.*/\1/p')
	settled peer
	is "$2: requests and replies on the wire" "$(($(seen peer 'icmp[0] == 8') - _q)) $(($(seen peer 'icmp[0] == 0') - _r))" "$3 $4"
	is "$2: dropped by rp_filter" "$(($(mib TcpExtIPReversePathFilter) - _before))" $5
	is "$2: heard" "$_heard" $(($4 - $5))
}

# A client's: the rule has no mark. (Of its preference there is another one.)
must ip route add default dev lo table 50
must ip rule add from 203.0.113.200 lookup main pref 100
must ip rule add iif cl0 lookup 50 pref 100
unhole
healthy 'client, rp_filter off'
sent client 'client, rp_filter off' 3 3 0
must sysctl -qw net.ipv4.conf.up0.rp_filter=1
is 'client, rp_filter strict' "$(wrong)" 'rp_filter '
sent client 'client, rp_filter strict' 3 3 3
must sysctl -qw net.ipv4.conf.up0.rp_filter=2
healthy 'client, rp_filter loose'
sent client 'client, rp_filter loose' 3 3 0
must sysctl -qw net.ipv4.conf.up0.rp_filter=1
cure rp_filter
healthy 'client, cured'
sent client 'client, cured' 3 3 0
says 'no other rule is touched' "$(ip rule)" 'from 203.0.113.200 lookup main' 'from all fwmark 0x54/0xff iif cl0 lookup 50'
must ip rule del pref 100
must ip rule del pref 100
must iptables -t mangle -F

# The box's own: the second lookup is told by a mark, the reverse lookup is not
must iptables -t raw -F
unhole --set-xmark 0x51
must ip rule add to $FAR lookup 50 pref 50
must ip rule add iif lo fwmark 0x51 lookup main pref 10
is 'own, rp_filter strict' "$(wrong)" 'rp_filter '
sent box 'own, rp_filter strict' 3 3 3
cure rp_filter
healthy 'own, cured'
sent box 'own, cured' 3 3 0
must ip rule del pref 50
must ip rule del pref 10
must iptables -t mangle -F
must iptables -t raw -F

# The route into the hole stands in main: a rule for lo would find it as well
unhole
must ip route add 203.0.113.0/24 via $PEER
must ip route del $FAR
must ip route add $FAR dev lo
is 'in main' "$(wrong)" 'loop '
sent box 'in main' 0 0 0
cure loop
healthy 'in main, cured'
sent box 'in main, cured: own' 3 3 0
sent client "in main, cured: the client's" 3 3 0
must iptables -t mangle -F
must ip rule del pref 50
# An address that is even, and a prefix of an even address: the packet that is
# asked about is one for them
must ip route add 203.0.113.6 dev lo
is 'in main, an even address' "$(wrong)" 'loop '
