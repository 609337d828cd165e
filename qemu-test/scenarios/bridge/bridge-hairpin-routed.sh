# SPDX-License-Identifier: GPL-2.0-only
# The other way on a wired port: just the packets that want DNAT are routed. They
# leave with the bridge's MAC, and no ebtables snat, hairpin or br_netfilter is
# needed. Forwarding and SNAT are, and a reverse path filter loses everything.
# patches: none
# claims: B10
# weight: 12
. /unhole/bridge.sh
. /unhole/bridge-fdb.sh
switch_topology
remember_box
know_each_other client $OUTSIDE $SERVER $BOX
know_each_other server $BOX
know_each_other outside $BOX
capture client client eth0
capture server server eth0
on server socat TCP4-LISTEN:80,fork,reuseaddr PIPE &
wait_for 10 _listens server t 80 || must false
# asks PORT: the answer to a question from there, within W seconds.
asks() {
	must conntrack -F
	printf hello | on client timeout $((10 * ${SLOW:-1})) socat -t "${W:-3}" - "TCP4:$OUTSIDE:80,bind=$CLIENT:$1,connect-timeout=${W:-3},readbytes=5" 2>/dev/null
}

recipe bridge-hairpin-routed PORT=p1
is 'no br_netfilter' "$(lsmod | grep -c br_netfilter)" 0
fdb_watch recipe sw s1
is 'answered' "$(asks 1001)" hello
conntrack -L -p tcp >/run/entries 2>/dev/null
fdb_settled recipe
settled client
settled server
says 'one entry, translated twice' "$(cat /run/entries)" "src=$CLIENT dst=$OUTSIDE sport=1001" "src=$SERVER dst=$BOX sport=80 dport=1001"
is 'and no other' "$(grep -c . /run/entries)" 1
is "the switch learns neither the client nor the server at the box's port" \
	$(($(fdb_moves recipe $MAC_CLIENT s0) + $(fdb_moves recipe $MAC_SERVER s0))) 0
asked="src $BOX and src port 1001 and dst $SERVER"
at_least 'the server is asked with the MAC of the bridge' "$(seen server "$asked and ether src $MAC_BR")" 3
is 'and no other' "$(seen server "$asked and not ether src $MAC_BR")" 0
answered="src $OUTSIDE and dst $CLIENT and dst port 1001"
at_least 'the client is answered with the MAC of the bridge' "$(seen client "$answered and ether src $MAC_BR")" 3
is 'and no other' "$(seen client "$answered and not ether src $MAC_BR")" 0
is 'routed: the TTL is one less, both ways' "$(ttls server "$asked") $(ttls client "$answered")" '63 63'
is 'no ebtables snat' "$($EBT -t nat -L | grep -c snat)" 0
# What is asked comes in by the port, what is answered comes in and leaves by the
# bridge, which makes a redirect; NAT drops those.
must iptables -A FORWARD -i p1 -o br0 -p tcp --dport 80
must iptables -A FORWARD -i br0 -o br0 -p tcp --sport 80
redirects=$(mib IcmpOutRedirects)
is 'again: answered' "$(asks 1002)" hello
settled server
at_least 'asked by the port' "$(rule_packets '-i p1 -o br0')" 3
at_least 'answered by the bridge' "$(rule_packets '-i br0 -o br0')" 3
is 'redirects: on, and made' "$(sysctl -n net.ipv4.conf.br0.send_redirects) $(($(mib IcmpOutRedirects) - redirects > 0))" '1 1'
is 'but nobody is told to send elsewhere' $(($(seen client 'icmp[0] == 5') + $(seen server 'icmp[0] == 5'))) 0
must iptables -F FORWARD

# What it takes, each taken away.
must sysctl -qw net.ipv4.conf.p1.forwarding=0
is 'without forwarding: no answer' "$(W=0.5 asks 1003)" ''
settled server
is 'the server is not asked' "$(seen server 'src port 1003')" 0
must sysctl -qw net.ipv4.conf.p1.forwarding=1
for filter in 1 2; do
	before=$(mib TcpExtIPReversePathFilter)
	must sysctl -qw net.ipv4.conf.p1.rp_filter=$filter
	is "with rp_filter $filter on the port: no answer" "$(W=0.5 asks 100$((3 + filter)))" ''
	at_least 'it was dropped' $(($(mib TcpExtIPReversePathFilter) - before)) 1
	must sysctl -qw net.ipv4.conf.p1.rp_filter=0
done
snat="POSTROUTING -o br0 -d $SERVER -p tcp --dport 80 -m conntrack --ctstate DNAT -j SNAT --to-source $BOX"
must iptables -t nat -D $snat
is 'without SNAT: no answer' "$(W=0.5 asks 1006)" ''
settled client
at_least 'the server answers the client itself' "$(seen client "tcp[13] == 0x12 and src $SERVER and ether src $MAC_SERVER and dst port 1006")" 1
is 'and not by the address that was asked' "$(seen client "src $OUTSIDE and dst port 1006")" 0
must iptables -t nat -A $snat
is 'as it was: answered' "$(asks 1007)" hello

recipe_down bridge-hairpin-routed

# A strict filter for all devices stays one, but for the port.
must sysctl -qw net.ipv4.conf.all.rp_filter=1
recipe bridge-hairpin-routed PORT=p1
is 'rp_filter 1 on all: answered' "$(asks 1008)" hello
is 'the bridge keeps its filter' "$(sysctl -n net.ipv4.conf.br0.rp_filter)" 1
recipe_down bridge-hairpin-routed
must sysctl -qw net.ipv4.conf.all.rp_filter=0
as_before 'down, twice: all as it was before'
