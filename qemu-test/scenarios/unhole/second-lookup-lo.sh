# SPDX-License-Identifier: GPL-2.0-only
# A second lookup that leads back into loopback: one pass, and the sender hears
# of it at once.
# not on: stock: the guard is the patches'
topology
must ip route replace $FAR dev lo
unhole

lo=$(rx lo) noroute=$(mib IpExtInNoRoutes)
start=$(date +%s)
says 'a connected UDP socket hears it' "$(udp_ask box $FAR 9 hello 2>&1)" 'Network is unreachable'
says 'ping hears it' "$(ping -n -c 1 -W 5 $FAR)" 'Destination Net Unreachable'
at_most 'at once (seconds for both)' $(($(date +%s) - start)) 2
is 'one pass each, and one ICMP error each' $(($(rx lo) - lo)) 4
is 'InNoRoutes counts them' $(($(mib IpExtInNoRoutes) - noroute)) 2
# The error for the first SYN comes back while connect() holds the socket, and
# is dropped (LockDroppedIcmps); the one for its repetition is heard.
says 'TCP connect() hears it' "$(socat -u - TCP4:$FAR:9 </dev/null 2>&1)" 'Network is unreachable'
at_most 'within the first repetition of the SYN (seconds for all)' $(($(date +%s) - start)) 5

# A client's packet.
hole_from cl0
must ip rule add iif lo to $FAR lookup 50
must sysctl -qw net.ipv4.ip_forward=1
capture client client eth0
lo=$(rx lo)
says 'a client hears it too' "$(on client ping -n -c 1 -W 5 $FAR)" 'Destination Net Unreachable'
is 'after one pass' $(($(rx lo) - lo)) 1
