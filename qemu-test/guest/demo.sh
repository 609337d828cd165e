# SPDX-License-Identifier: GPL-2.0-only
# The demo's part in the guest. $RULE is the rule to try, or empty.
# shellcheck shell=sh
SCENARIO=demo
ip link set lo up
. /unhole/lib.sh
topology
hole_from cl0
must sysctl -qw net.ipv4.ip_forward=1
[ -z "$RULE" ] || must sh -c "$RULE"
echo "# $(uname -r)"
ip rule show | grep -v 'from all lookup' | sed 's/^/  ip rule:  /'
ip route show table 50 | sed 's/^/  table 50: /'

# Every hook says what passes it.
for hook in PREROUTING INPUT FORWARD POSTROUTING; do
	iptables -t mangle -A $hook -p icmp --icmp-type echo-request -j LOG --log-prefix "hop:$hook "
	iptables -t mangle -A $hook -p icmp --icmp-type network-unreachable -j LOG --log-prefix "hop:$hook "
done
capture wire peer eth0
capture client client eth0
dmesg -n 1
lo=$(rx lo)
on client ping -n -c 1 -W 2 $FAR >/run/ping 2>&1
settled wire
settled client
passes=$(($(rx lo) - lo))

echo
echo '  hop  hook         in   out  TTL'
# in and out may be empty; the device names of the log are "", lo, cl0, up0.
dmesg | grep "hop:.*DST=$FAR " | awk '{
	for (i = 1; i <= NF; i++) {
		if ($i ~ /hop:/) { h = $i; sub(/.*hop:/, "", h) }
		if ($i ~ /^IN=/) in_ = substr($i, 4)
		if ($i ~ /^OUT=/) out = substr($i, 5)
		if ($i ~ /^TTL=/) ttl = substr($i, 5)
	}
	if (h == "PREROUTING") hop++
	line[++n] = sprintf("  %3d  %-11s  %-3s  %-3s  %3d", hop, h, in_ == "" ? "-" : in_, out == "" ? "-" : out, ttl)
}
END {
	for (i = 1; i <= n; i++)
		if (i <= 9 || i > n - 3) print line[i]
		else if (i == 10) print "       ... and so on, " n - 12 " more lines ..."
}'
echo
echo "  passes through lo: $passes"
if grep -q '1 received' /run/ping; then
	echo '  LEFT the box: the client has its answer'
else
	echo "  DIED on the box: $(sed -n 's/^From /the client hears from /p' /run/ping | head -n 1)"
fi
echo '  what the peer captured:'
show wire icmp | grep -o '[0-9.]* > [0-9.]*: ICMP echo re[a-z]*' | sed 's/^/    /' | grep . || echo '    nothing'
if [ -n "$RULE" ]; then
	echo '  the rule:     '"$(iptables -t raw -L PREROUTING -v -n | awk '/UNHOLE/ { print $1 " packets, " $2 " bytes" }')"
	echo '  the module:   '"$(stat_unhole unholed) unholed, $(stat_unhole genuine) passed over   (lnstat -f unhole)"
fi
