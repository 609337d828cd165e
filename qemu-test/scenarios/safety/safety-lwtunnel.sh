# SPDX-License-Identifier: GPL-2.0-only
# The mark is good for one lookup, in IPv6 too: an unholed packet that a
# lightweight tunnel (SRv6's End.X) sends on to its next segment is looked up
# again, and that lookup has no exemption.
# not on: stock: it has no exemption that could be misused
# spread: no
topology
must ip6tables -t raw -A PREROUTING -i lo -j UNHOLE --allow-local
must ip -6 nexthop add id 1 dev lo
must ip -6 route add default nhid 1 table 50
must ip -6 rule add fwmark 0x50 lookup 50
must ip6tables -t mangle -A OUTPUT -d $FAR6 -j MARK --set-mark 0x50
must ip6tables -t mangle -A PREROUTING -i lo -j MARK --set-mark 0
must sysctl -qw net.ipv6.conf.all.seg6_enabled=1 net.ipv6.conf.lo.seg6_enabled=1
# The second lookup finds a segment of the box's own, which sends on by up0.
must ip -6 route replace $FAR6 encap seg6local action End.X nh6 $PEER6 dev up0
must pings box 1 $PEER6 >/dev/null
capture wire peer eth0

# A datagram for PEER6 with a segment routing header, by way of FAR6: next
# header, 4 * 8 bytes, type 4, one segment left of 1 + 1, the segments.
rthdr=x0004040101000000${ZEROS:=00000000000000000000000000000000}20010db8000300000000000000000007
send() { echo x | socat -u - "UDP6-SENDTO:[$PEER6]:4000,setsockopt-bin=41:57:$rthdr"; }
onward() { settled wire; seen wire "ip6 and dst $PEER6 and ip6[6] == 43"; }

before=$(stat_unhole unholed)
must send
is 'the packet was unholed' $(($(stat_unhole unholed) - before)) 1
is 'forwarding is off: the next segment is not reached' "$(onward)" 0
must sysctl -qw net.ipv6.conf.all.forwarding=1
must send
is 'forwarding is on: it is' "$(onward)" 1

# Without --allow-local it is not given to the tunnel at all: what comes out of a
# tunnel may be for the box.
must ip6tables -t raw -F
must ip6tables -t raw -A PREROUTING -i lo -j UNHOLE
errors=$(mib Ip6InAddrErrors)
must send
is 'without --allow-local it is dropped' "$(onward)" 1
is 'and counted' $(($(mib Ip6InAddrErrors) - errors)) 1
