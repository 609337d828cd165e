# SPDX-License-Identifier: GPL-2.0-only
# MAC NAT without a rule for each host: with forwarding on, layer 3 carries in what
# comes for the bridge's MAC, and sends ICMP redirects. send_redirects 0 stops
# them, on all devices and on the bridge; so does a broute rule, since the packets
# then come in by the port.
# patches: none
# not on: stock-7.3: it has no legacy ebtables, whose words these are; bridge-meta-broute runs there
# claims: B13 B14
# weight: 10
. /unhole/bridge.sh
. /unhole/bridge-fdb.sh
. /unhole/bridge-mac.sh
mac_topology
remember_box
capture outside outside eth0
capture vm1 vm1 eth0
# For answers that must not come; those that do take some milliseconds.
none() { on "$1" ping -n -q -c 1 -W 0.4 "$2"; }
REDIRECT="icmp[0] == 5 and src $BOX"
redirects() { settled outside; seen outside "$REDIRECT"; }
up() { recipe bridge-mac-nat-routed "$@"; }
down() { recipe_down bridge-mac-nat-routed; }

up QUIET=no
must sysctl -qw net.ipv4.conf.br0.forwarding=0
refute 'without forwarding: no answer' none vm1 $OUTSIDE
must sysctl -qw net.ipv4.conf.br0.forwarding=1
must iptables -A FORWARD -i br0 -o br0
must iptables -A FORWARD -i p1 -o br0
is 'no redirect so far' "$(redirects)" 0
check 'with forwarding: answered' pings vm1 3 $OUTSIDE
check 'the other host, too' pings vm2 3 $OUTSIDE
check 'and reached from outside' pings outside 3 $VM1
settled outside
settled vm1
is 'out at layer 2, in by layer 3: the TTLs' "$(ttls outside "icmp and src $VM1") $(ttls vm1 "icmp and src $OUTSIDE")" '64 63'
is "the bridge's MAC is all that outside sees" "$(seen outside "src net 192.0.2.0/24 and not ether src $MAC_BR and not ether src $MAC_OUTSIDE")" 0
is 'in by the bridge, out by the bridge' "$(rule_packets '-i br0 -o br0') $(rule_packets '-i p1 -o br0')" '9 0'
at_least 'the sender is told to send elsewhere' "$(redirects)" 1
show outside "$REDIRECT" >/run/redirects
says 'to send to the host itself' "$(cat /run/redirects)" "redirect $VM1 to host $VM1" "redirect $VM2 to host $VM2"
is 'which it does not heed' "$(ip -n outside route get $VM1 | grep -c -e redirected -e via)" 0
# A firewall that lets in what belongs to a known connection sees the answers only.
must iptables -I FORWARD -m conntrack --ctstate INVALID -j DROP
refute 'a firewall with connection tracking takes the answers for invalid' none vm1 $OUTSIDE
is 'it has dropped the one' "$(rule_packets 'ctstate INVALID')" 1
must iptables -F FORWARD
down

# What stops them. One sysctl of the two does not.
# quiet WHAT: a host is answered; before, after: how many redirects.
quiet() {
	before=$(redirects)
	check "$1: answered" pings vm1 2 $OUTSIDE
	after=$(redirects)
}
up QUIET=sysctl
quiet 'sysctl'
is 'sysctl: no redirect' $((after - before)) 0
must sysctl -qw net.ipv4.conf.all.send_redirects=1
must ip -n outside neigh flush all
quiet 'off for the bridge only'
at_least 'off for the bridge only: redirects' $((after - before)) 1
must sysctl -qw net.ipv4.conf.all.send_redirects=0
down

up QUIET=broute
must iptables -A FORWARD -i br0 -o br0
must iptables -A FORWARD -i p1 -o br0
quiet 'broute'
is 'broute: no redirect' $((after - before)) 0
is 'broute: though they are not switched off' "$(sysctl -n net.ipv4.conf.all.send_redirects) $(sysctl -n net.ipv4.conf.br0.send_redirects)" '1 1'
is 'broute: in by the port, out by the bridge' "$(rule_packets '-i p1 -o br0') $(rule_packets '-i br0 -o br0')" '2 0'
must iptables -F FORWARD
dropped=$(mib TcpExtIPReversePathFilter)
must sysctl -qw net.ipv4.conf.p1.rp_filter=2
refute 'broute, and a loose reverse path filter: no answer' none vm1 $OUTSIDE
is 'it has dropped the one' $(($(mib TcpExtIPReversePathFilter) - dropped)) 1
must sysctl -qw net.ipv4.conf.p1.rp_filter=0

down

# The other tool.
up QUIET=sysctl EBTABLES=ebtables-nft
must ip -n outside neigh flush all
is 'ebtables-nft: it has the rules' "$(ebtables-nft -t nat -L | grep -c -e 'snat' -e 'dnat')" 2
quiet 'ebtables-nft'
is 'ebtables-nft: no redirect' $((after - before)) 0
must env EBTABLES=ebtables-nft sh /unhole/recipes/bridge-mac-nat-routed.sh down
up QUIET=broute
must sysctl -qw net.ipv4.conf.p1.rp_filter=0

# The article's rule takes all but ARP, and with it the answers to the box's own
# neighbour discovery.
must ip -n outside -6 addr add 2001:db8::9/64 dev eth0 nodad
must ip -6 addr add 2001:db8::1/64 dev br0 nodad
check "-p IPv4: the box's own IPv6" pings box 1 2001:db8::9
must ebtables-legacy -t broute -F
# The more often somebody has been told, the longer it takes until he is told again.
# So these ask for the first time.
stranger() { # WHAT N
	before=$(redirects)
	must ip -n outside addr add 192.0.2.9$2/32 dev eth0
	check "$1: is answered" pings outside 2 $VM1 -I 192.0.2.9$2
	after=$(redirects)
}
stranger 'no broute: a new one' 1
at_least 'no broute: is told to send elsewhere' $((after - before)) 1
# At most 9 times, if by no other than the kernel's own numbers. They are the machine's.
init_ns() { nsenter --net=/unhole/init-netns "$@"; }
is 'as a rule 9 times' "$(init_ns sysctl -n net.ipv4.route.redirect_number)" 9
load=$(init_ns sysctl -n net.ipv4.route.redirect_load)
must init_ns sysctl -qw net.ipv4.route.redirect_load=0
stranger 'no pauses: a new one' 2
check 'no pauses: all answered' pings outside 20 $VM1 -I 192.0.2.92
after=$(redirects)
must init_ns sysctl -qw net.ipv4.route.redirect_load=$load
is 'no pauses: is told 9 times' $((after - before)) 9
must ebtables-legacy -t broute -A BROUTING -p ! arp -i p1 -d $MAC_BR -j redirect --redirect-target DROP
quiet "-p ! arp: the hosts' IPv4"
stranger '-p ! arp: a new one' 3
is '-p ! arp: no redirect' $((after - before)) 0
must ip -6 neigh flush all
refute "-p ! arp: the box's own IPv6 finds no neighbour" none box 2001:db8::9
settled outside
at_least '-p ! arp: which has answered' "$(seen outside 'icmp6[0] == 136 and src 2001:db8::9 and ether dst 02:00:00:00:00:b0')" 1
must ebtables-legacy -t broute -F
must ebtables-legacy -t broute -A BROUTING -p IPv4 -i p1 -d $MAC_BR -j redirect --redirect-target DROP
must ip -6 addr del 2001:db8::1/64 dev br0
down
as_before 'down, four times: all as it was before'
