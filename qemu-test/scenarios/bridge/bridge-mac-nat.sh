# SPDX-License-Identifier: GPL-2.0-only
# MAC NAT: two hosts behind a bridge at a switch port that lets in the bridge's
# MAC only. The article's three kinds of rules, one after the other, and what is
# missing without the next.
# patches: none
# not on: stock-7.3: it has no legacy ebtables, whose words these are; bridge-meta-broute runs there
# claims: B12
# weight: 10
. /unhole/bridge.sh
. /unhole/bridge-fdb.sh
. /unhole/bridge-mac.sh
mac_topology
remember_box
HOSTS="$VM1=$MAC_VM1 $VM2=$MAC_VM2"
capture outside outside eth0
capture vm1 vm1 eth0
once() { on "$1" ping -n -q -c 1 -W "${W:-1}" "$2"; }
# For answers that must not come; those that do take some milliseconds.
none() { W=0.4 once "$@"; }

check 'the box is let in' once box $OUTSIDE
refute 'a host behind it is not' none vm1 $OUTSIDE
settled outside
is 'nothing of it arrives' "$(seen outside "ether src $MAC_VM1")" 0
forget_arp

snat="POSTROUTING -o p1 -j snat --to-src $MAC_BR"
must ebtables-legacy -t nat -A $snat --snat-arp
refute 'snat: no answer' none vm1 $OUTSIDE
settled outside
settled vm1
at_least "snat: its ARP question arrives, the bridge's MAC in the frame and in ARP" \
	"$(seen outside "arp[6:2] == 1 and ether src $MAC_BR and arp[8:4] == 0x02000000 and arp[12:2] == 0x00b0 and src $VM1 and dst $OUTSIDE")" 1
is 'snat: the answer is for the bridge, and does not reach the host' \
	"$(seen outside "arp[6:2] == 2 and dst $VM1 and not ether dst $MAC_BR") $(seen vm1 'arp[6:2] == 2')" '0 0'
forget_arp

must ebtables-legacy -t nat -A PREROUTING -p arp -i p1 --arp-op Reply -j dnat --to-dst ff:ff:ff:ff:ff:ff
refute 'arp dnat: no answer' none vm1 $OUTSIDE
settled outside
settled vm1
# (If this takes more than some seconds, the host asks again. It is answered as before.)
at_least 'arp dnat: the answer to ARP arrives, as a broadcast' "$(seen vm1 "arp[6:2] == 2 and src $OUTSIDE and ether dst ff:ff:ff:ff:ff:ff")" 1
is 'arp dnat: and not otherwise' "$(seen vm1 "arp[6:2] == 2 and src $OUTSIDE and not ether dst ff:ff:ff:ff:ff:ff")" 0
is "arp dnat: the packet arrives, from the bridge's MAC" "$(seen outside "icmp[0] == 8 and src $VM1 and ether src $MAC_BR")" 1
is "arp dnat: it is answered, to the bridge's MAC" "$(seen outside "icmp[0] == 0 and dst $VM1 and ether dst $MAC_BR")" 1
is 'arp dnat: which does not reach the host' "$(seen vm1 'icmp[0] == 0')" 0
must ebtables-legacy -t nat -F

# All three.
forget_arp
for tool in ebtables-legacy ebtables-nft; do
	recipe bridge-mac-nat HOSTS="$HOSTS" EBTABLES=$tool
	forget_arp
	ask="icmp[0] == 8 and dst $OUTSIDE and ether src $MAC_BR" answer="icmp[0] == 0 and src $OUTSIDE and ether dst $MAC_VM1"
	asked=$(seen outside "$ask") answered=$(seen vm1 "$answer")
	check "$tool: a host is answered" pings vm1 2 $OUTSIDE
	check "$tool: and another" pings vm2 2 $OUTSIDE
	forget_arp
	check "$tool: they are reached from outside" pings outside 2 $VM1
	check "$tool: both" pings outside 1 $VM2
	check "$tool: the box still is" pings outside 1 $BOX
	check "$tool: the hosts reach each other" pings vm1 1 $VM2
	settled outside
	settled vm1
	is "$tool: 2 from each, and all with the bridge's MAC" "$(($(seen outside "$ask") - asked))" 4
	is "$tool: the answers are for the host's own MAC" "$(($(seen vm1 "$answer") - answered))" 2
	is "$tool: bridged both ways: the TTL is what it was" "$(ttls outside "icmp and src $VM1") $(ttls vm1 "icmp and src $OUTSIDE")" '64 64'
	is "$tool: no frame with another MAC" "$(seen outside "ether src $MAC_VM1 or ether src $MAC_VM2")" 0
	is "$tool: outside knows one MAC for all" "$(ip -n outside neigh show dev eth0 | grep -c "lladdr $MAC_BR")" 3
	# A broadcast answer is no proof that the host is there (and while it is used: DELAY, PROBE).
	forget_arp
	check "$tool: a host asks again" once vm1 $OUTSIDE
	ip -n vm1 neigh show $OUTSIDE >/run/neigh
	check "$tool: it has learnt the MAC" grep -q "lladdr $MAC_OUTSIDE" /run/neigh
	refute "$tool: what it learns so does not count as reachable" grep -q REACHABLE /run/neigh
	must env EBTABLES=$tool sh /unhole/recipes/bridge-mac-nat.sh down
done
as_before 'both down: all as it was before'

# A rule for each host instead: the answer is the host's own, and counts.
must ebtables-legacy -t nat -A $snat --snat-arp
must ebtables-legacy -t nat -A PREROUTING -p arp -i p1 --arp-op Reply --arp-ip-dst $VM1 -j dnat --to-dst $MAC_VM1
must ebtables-legacy -t nat -A PREROUTING -p IPv4 -i p1 --ip-dst $VM1 -j dnat --to-dst $MAC_VM1
forget_arp
check 'a rule for the ARP of a host: answered' once vm1 $OUTSIDE
says 'its neighbour is reachable' "$(ip -n vm1 neigh show $OUTSIDE)" REACHABLE
must ebtables-legacy -t nat -F

# Without --snat-arp, the outside learns a MAC that it cannot reach.
must ebtables-legacy -t nat -A $snat
must ebtables-legacy -t nat -A PREROUTING -p arp -i p1 --arp-op Reply -j dnat --to-dst ff:ff:ff:ff:ff:ff
forget_arp
refute 'without --snat-arp: no answer' none vm1 $OUTSIDE
is "without --snat-arp: outside has the host's MAC" "$(ip -n outside neigh show $VM1 | grep -o 'lladdr [^ ]*')" "lladdr $MAC_VM1"

says 'HOSTS without MAC: refused' "$(HOSTS=$VM1 sh /unhole/recipes/bridge-mac-nat.sh 2>&1; echo "status $?")" 'is not ADDRESS=MAC' 'status 1'
