# SPDX-License-Identifier: GPL-2.0-only
# recipes/two-isps.sh where nothing but a DHCP client's lease says what the next hops are,
# and one provider routes a network to this box: that leaves by its own provider, as it is,
# and by no other. Then for IPv6 alone, which leaves IPv4 as it was.
# patches: none
# claims: L9
# weight: 20
host client w1 w2
wire box cl0 198.51.100.1/24,203.0.113.129/28,2001:db8:1::1/64 client eth0 198.51.100.2/24,198.51.100.3/24,203.0.113.130/28,2001:db8:1::2/64,2001:db8:1::3/64
wire box up1 192.0.2.1/25,2001:db8:2:1::1/64 w1 eth0 192.0.2.2/25,2001:db8:2:1::2/64
wire box up2 192.0.2.129/25,2001:db8:2:2::1/64 w2 eth0 192.0.2.130/25,2001:db8:2:2::2/64
for n in 1 2; do must batch w$n 'addr add 203.0.113.7/32 dev lo' 'addr add 2001:db8:3::7/128 dev lo nodad'; done
must batch w1 'route add 203.0.113.128/28 via 192.0.2.1'
must batch client 'route add default via 198.51.100.1' 'route add default via 2001:db8:1::1'
must sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1

# As dhclient and systemd-networkd leave them.
mkdir -p /var/lib/dhcp /run/systemd/netif/leases /run/etc
cat >/var/lib/dhcp/dhclient.up1.leases <<-'END'
	lease {
	  interface "up1";
	  fixed-address 192.0.2.1;
	  option routers 192.0.2.99;
	}
	lease {
	  interface "up1";
	  fixed-address 192.0.2.1;
	  option subnet-mask 255.255.255.128;
	  option routers 192.0.2.2;
	}
END
cat >/run/systemd/netif/leases/"$(cat /sys/class/net/up2/ifindex)" <<-'END'
	# This is private data. Do not parse.
	ADDRESS=192.0.2.129
	ROUTER=192.0.2.130
END
export CONF=/run/etc/two-isps.conf
cat >$CONF <<-'END'
	UPLINKS='up1 up2'
	LAN=cl0
	MAP='198.51.100.2=up2 2001:db8:1::2=up2'
	ROUTED_up1=203.0.113.128/28
	FAMILIES=4
END
TWO=/unhole/recipes/two-isps.sh
capture one w1 eth0
capture two w2 eth0
# by WHAT ADDRESS FAR CAPTURE SOURCE: its two pings leave there alone, with that source.
by() {
	_one=$(seen one "$PING") _two=$(seen two "$PING") _s=$(seen $4 "$PING and src $5")
	check "$1: answered" pings client 2 $3 -I $2
	settled one
	settled two
	is "$1: by $4, with $5" $(($(seen $4 "$PING and src $5") - _s)) 2
	is "$1: by no other" $(($(seen one "$PING") + $(seen two "$PING") - _one - _two)) 2
}

PING='icmp[0] == 8'
check 'up' sh $TWO up
status=$(sh $TWO status)
is 'status ends with' $? 0
says 'the next hops are those of the leases, the last one of each' "$(echo "$status" | tr -s ' ')" 'up1 192.0.2.1 via 192.0.2.2 up all others' \
	'up2 192.0.2.129 via 192.0.2.130 up 198.51.100.2'
by 'a client of up2' 198.51.100.2 203.0.113.7 two 192.0.2.129
by 'all others' 198.51.100.3 203.0.113.7 one 192.0.2.1
by 'the routed network' 203.0.113.130 203.0.113.7 one 203.0.113.130
check 'it is reached' pings w1 2 203.0.113.130 -I 203.0.113.7
check 'the box itself' pings box 2 203.0.113.7
# While its provider is away it is not let out by the other.
must sh $TWO withdraw up1
by 'withdrawn: all others' 198.51.100.3 203.0.113.7 two 192.0.2.129
n=$(seen two "$PING and src 203.0.113.130")
pings client 1 203.0.113.7 -I 203.0.113.130 -W 0.3
settled two
is 'withdrawn: the routed network does not leave by the other as it is' $(($(seen two "$PING and src 203.0.113.130") - n)) 0
# With no uplink left nothing is led into an empty table.
must sh $TWO withdraw up2
is 'none left: no rule leads in' "$(ip rule | grep -c 'iif cl0')" 0
says 'doctor blames no table' "$(unhole-path doctor; echo "status $?")" 'status 0'
must sh $TWO renumber up1
by 'back again: all others' 198.51.100.3 203.0.113.7 one 192.0.2.1
check 'down' sh $TWO down

# IPv6 alone
must ip -6 route add default via 2001:db8:2:1::2
must ip route add default via 192.0.2.2
sed -i 's/^FAMILIES=.*/FAMILIES=6 GW6_up2=2001:db8:2:2::2/; /^ROUTED/d' $CONF
rules=$(ip rule; ip -4 route show table all)
check 'up, IPv6 alone' sh $TWO up
check 'status' sh $TWO status
is 'IPv4 is as it was' "$(ip rule; ip -4 route show table all)" "$rules"
PING='icmp6[0] == 128'
by 'IPv6: a client of up2' 2001:db8:1::2 2001:db8:3::7 two 2001:db8:2:2::1
by 'IPv6: all others' 2001:db8:1::3 2001:db8:3::7 one 2001:db8:2:1::1
must sh $TWO withdraw up2
by 'IPv6: withdrawn' 2001:db8:1::2 2001:db8:3::7 one 2001:db8:2:1::1
check 'down' sh $TWO down
