# SPDX-License-Identifier: GPL-2.0-only
# What only crosses a bridge is not seen by iptables: no chain of any table counts
# it, conntrack has no entry, a rule that drops everything drops nothing. What the
# bridge's own address is sent is seen, by the same rules.
# patches: none
# claims: B1
. /unhole/bridge.sh
bridge_topology
know_each_other client $SERVER $BOX
capture server server eth0

recipe bridge-watch
# Without any match, too: no device, no address.
for t in raw mangle nat filter; do
	for c in PREROUTING INPUT FORWARD OUTPUT POSTROUTING; do
		case $t:$c in raw:INPUT | raw:FORWARD | raw:POSTROUTING | nat:FORWARD | filter:P*) continue ;; esac
		must iptables -t $t -A $c -m comment --comment "all-$t-$c"
	done
done
# Connections are tracked where a rule asks for it.
must iptables -A INPUT -m conntrack --ctstate NEW -m comment --comment all-tracked
# [packets:bytes] -A ... : the sum of packets.
counted() { iptables-save -c | grep -F -- "$1" | sed 's/^.\([0-9]*\):.*/\1/' | awk '{ s += $1 } END { print s + 0 }'; }

must conntrack -F
check 'a ping crosses the bridge' pings client 3 $SERVER
check 'TCP crosses the bridge' tcp_copy client server $SERVER 80 1
settled server
is 'the pings are on the wire' "$(seen server "icmp[0] == 8 and src $CLIENT")" 3
is 'with the TTL and the MAC of the client' \
	"$(ttls server "icmp[0] == 8 and ether src $MAC_CLIENT and ether dst $MAC_SERVER")" 64
is 'no chain of any table has seen a packet' "$(counted all-)" 0
is 'nor have the rules of the recipe' "$(counted bridge-watch)" 0
is 'conntrack has no entry' "$(conntrack -L 2>/dev/null | grep -c .)" 0
must iptables -I FORWARD -j DROP
must iptables -t raw -I PREROUTING -s $CLIENT -d $SERVER -j DROP
check 'a rule that drops everything drops nothing' pings client 3 $SERVER
must iptables -D FORWARD -j DROP
must iptables -t raw -D PREROUTING -s $CLIENT -d $SERVER -j DROP

check 'the address of the bridge answers' pings client 3 $BOX
is 'and this the same rules have seen' "$(counted all-raw-PREROUTING) $(counted 'raw-OUTPUT') $(counted 'all-mangle-INPUT')" '3 3 3'
is 'as received by the bridge' "$(counted '-A PREROUTING -i br0 -m comment --comment bridge-watch')" 3
is 'and not by the port' "$(counted '-A PREROUTING -i p1 -m comment --comment bridge-watch')" 0
is 'conntrack has an entry' "$(conntrack -L -p icmp 2>/dev/null | grep -c "src=$CLIENT dst=$BOX")" 1
