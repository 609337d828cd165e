# SPDX-License-Identifier: GPL-2.0-only
# The examples of unhole-path(8), as they stand there, and each answer beside what a
# packet then does.
# weight: 5
. /unhole/examples.sh
PAGE=unhole-path.8
topology
must ip addr add 192.0.2.9/24 dev up0
capture wire peer eth0
clean
stock_sysctls
must sysctl -qw net.ipv4.ip_forward=1
REQUEST='icmp[0] == 8'

# A clean box: nothing is wrong.
example $PAGE path-doctor
says 'path-doctor' "$(cat /run/said)" 'ok   '
example $PAGE path-json
says 'path-json' "$(cat /run/said)" '"verdict":"leaves"' '"reason":"no-hole"' '"wrong":0'

# A patched kernel of the harness has no BPF programs at tracepoints.
if [ $PATCHED = 1 ]; then
	echo path-watch >>$RAN
else
	example $PAGE path-watch
	says 'path-watch' "$(cat /run/said)" "leaves by up0" "out     up0  $BOX > $FAR" 'seen: leaves by up0' 'as predicted'
fi

hole_from cl0
must iptables -t nat -A POSTROUTING -o lo -j SNAT --to-source 192.0.2.9
unhole
example $PAGE path-client
says 'path-client' "$(head -n 1 /run/said)" "leaves by up0 via $PEER, source 192.0.2.9"
check 'path-client: so it does' pings client 1 $FAR
is 'path-client: with that source' "$(asked "$REQUEST" 192.0.2.9)" 1
must ip rule del iif cl0
must iptables -t raw -F
must iptables -t nat -F

# What dies, ends with status 1.
hole_local
n=$(asked "$REQUEST" $BOX)
example $PAGE path-explain '*'
says 'path-explain: and names the command' "$(cat /run/said)" 'to change it:' 'iptables -t raw -A PREROUTING -i lo -j UNHOLE'
refute 'path-explain: so it is' pings box 1 $FAR -W 1
is 'path-explain: nothing on the wire' "$(asked "$REQUEST" $BOX)" "$n"
must sh -c "$(sed -n 's/^  \(iptables -t raw .*UNHOLE.*\)/\1/p' /run/said | head -n 1)"
check 'path-explain: that command cures it' pings box 1 $FAR
examples_done $PAGE
