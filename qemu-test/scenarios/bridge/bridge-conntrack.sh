# SPDX-License-Identifier: GPL-2.0-only
# br_netfilter keeps connection tracking: one DNAT rule, and the answers are
# translated back. ebtables has none: a broute rule for one direction leaves the
# answers on the bridge, untranslated, and the client rejects them. It takes a rule
# for each direction, or br_netfilter for what is left on the bridge.
# patches: none
# not on: stock-7.3: it has no legacy ebtables, whose words these are; bridge-meta-broute runs there
# claims: B11
# weight: 6
. /unhole/bridge.sh
bridge_topology
# An address that no packet is for, in the end: it is there to be asked.
PUBLIC=192.0.2.9
must ip -n server addr add $PUBLIC/32 dev eth0
know_each_other client $SERVER $PUBLIC $BOX
know_each_other server $BOX
says_who server 80 server
# The server says by which address it was asked.
must in-ns server iptables -t mangle -A INPUT -d $PUBLIC -p tcp --dport 80 -j DROP
capture client client eth0
capture server server eth0
by_public="tcp[13] == 0x12 and src $PUBLIC" by_server="tcp[13] == 0x12 and src $SERVER"
rst='tcp[13] == 4'
entries() { conntrack -L -p tcp 2>/dev/null | grep "dst=$PUBLIC" | grep -c "src=$SERVER dst=$CLIENT.*$1"; }

is 'nothing: not answered' "$(W=0.5 who client $PUBLIC 80)" -

recipe bridge-dnat HOW=netfilter
is 'br_netfilter and one rule: answered' "$(who client $PUBLIC 80)" server
settled client
settled server
is 'by the address that was asked' "$(seen client "$by_public")" 1
is 'and by no other' "$(seen client "$by_server")" 0
is 'bridged: TTL as it was, both ways' "$(ttls client "$by_public") $(ttls server "tcp[13] == 2 and dst $SERVER")" '64 64'
is 'one entry, for both directions' "$(entries ASSURED)" 1
recipe_down bridge-dnat
must conntrack -F

recipe bridge-dnat HOW=broute
is 'broute, a rule for each direction: answered' "$(who client $PUBLIC 80)" server
settled client
settled server
is 'by the address that was asked, too' "$(seen client "$by_public")" 2
is 'and no other, too' "$(seen client "$by_server")" 0
is 'routed: TTL one lower, both ways' \
	"$(ttls client "$by_public and ether src $MAC_BR") $(ttls server "tcp[13] == 2 and dst $SERVER and ether src $MAC_BR")" '63 63'
is 'one entry as well' "$(entries ASSURED)" 1

# One direction.
must ebtables-legacy -t broute -D BROUTING --logical-in br0 -p IPv4 --ip-proto tcp --ip-src $SERVER --ip-sport 80 \
	-j redirect --redirect-target DROP
must conntrack -F
is 'broute, one direction: not answered' "$(W=0.5 who client $PUBLIC 80)" -
settled client
at_least 'the server has answered, by its own address' "$(seen client "$by_server and ether src $MAC_SERVER")" 1
is 'the answer was bridged' "$(ttls client "$by_server")" 64
is 'the client rejects each' "$(seen client "$rst and dst $SERVER")" "$(seen client "$by_server")"
is 'the entry has heard of no answer' "$(entries '' ) $(conntrack -L -p tcp 2>/dev/null | grep "dst=$PUBLIC" | grep -c UNREPLIED)" '1 1'

# The other direction by br_netfilter, which looks into the same table.
recipe bridge-netfilter
must conntrack -F
n=$(seen client "$by_public")
is 'one direction, and br_netfilter for the other: answered' "$(who client $PUBLIC 80)" server
settled client
is 'the answer was bridged, and translated' "$(ttls client "$by_public and ether src $MAC_SERVER")" 64
is 'one more' $(($(seen client "$by_public") - n)) 1
recipe_down bridge-netfilter

must ebtables-legacy -t broute -A BROUTING --logical-in br0 -p IPv4 --ip-proto tcp --ip-src $SERVER --ip-sport 80 \
	-j redirect --redirect-target DROP
recipe_down bridge-dnat
is 'down: not answered' "$(W=0.5 who client $PUBLIC 80)" -
