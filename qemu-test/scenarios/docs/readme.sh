# SPDX-License-Identifier: GPL-2.0-only
# The commands that README shows and that are neither recipes nor the tour (those have
# scenarios of their own) nor make's (make check asks make): each does what README says
# there, and none is left out.
# weight: 5
. /unhole/examples.sh
topology
must ip addr add 192.0.2.9/24 dev up0
clean
stock_sysctls
must sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
readme_commands /unhole/README.md | sort -u >/run/commands
at_least 'README shows commands' "$(wc -l </run/commands)" 12
# shown COMMAND: README shows it; from here on it is one that was run.
shown() {
	if grep -qxF -e "line $1" -e "inline $1" /run/commands; then
		grep -vxF -e "line $1" -e "inline $1" /run/commands >/run/left
		mv /run/left /run/commands
		ok "README shows: $1"
	else
		not_ok "README does not show (any more): $1"
	fi
}
# runs COMMAND: so it is, and it succeeds. What it says is in /run/said.
runs() { shown "$1"; check "it runs" sh -c "{ $1; } >/run/said 2>&1"; }

hole_from cl0
must iptables -t nat -A POSTROUTING -o lo -j SNAT --to-source 192.0.2.9
refute 'no way through lo without a rule' pings client 1 $FAR -W 1
Q='unhole-path --explain to 203.0.113.7 from 198.51.100.2 iif cl0'
shown "$Q"
refute 'it says so' sh -c "$Q >/run/said"
says 'it says why, and what to do' "$(cat /run/said)" 'dies in the hole' 'to change it:'
shown 'unhole-path doctor'
refute 'the doctor says so, too' sh -c 'unhole-path doctor >/run/said'
says 'the doctor' "$(cat /run/said)" 'bad'
runs 'iptables -t raw -A PREROUTING -i lo -j UNHOLE'
check 'a way through lo with it' pings client 1 $FAR
check 'the tool knows' sh -c "$Q"
check 'the doctor, too' unhole-path doctor

Q='unhole-path watch to 203.0.113.7 from 198.51.100.2 iif cl0'
shown "$Q"
# A patched kernel of the harness has no BPF programs at tracepoints.
if [ $PATCHED = 0 ]; then
	$Q >/run/said &
	wait_for 20 grep -q '^watching' /run/said
	pings client 1 $FAR >/dev/null
	wait $!
	is 'watch: a packet leaves: exit status' $? 0
	says 'watch: as predicted' "$(cat /run/said)" 'in      cl0' 'seen: leaves by up0' 'as predicted'
fi

runs 'iptables -j UNHOLE -h'
says 'its options' "$(cat /run/said)" --set-xmark --notrack --reset-ct --allow-local
shown 'lnstat -f unhole'
# It goes on and on.
timeout 3 lnstat -f unhole -c 1 >/run/said
says 'lnstat' "$(cat /run/said)" unholed genuine no_route not_lo
runs "nstat -asz | grep -E 'InNoRoutes|InAddrErrors|IPReversePathFilter'"
is 'the counters are there, of both families' "$(awk '{ print $1 }' /run/said | sort | tr '\n' ' ')" \
	'Ip6InAddrErrors Ip6InNoRoutes IpExtInNoRoutes IpInAddrErrors TcpExtIPReversePathFilter '
shown 'ip route get'
check 'ip route get' sh -c "ip route get $FAR from $CLIENT iif cl0 mark 0x54 | grep -q 'dev lo'"
runs 'ip -6 nexthop add id 1 dev lo'
must ip -6 route add default nhid 1 table 50
must ip -6 rule add iif cl0 lookup 50
unhole6
check 'a route by a nexthop object leads into lo' pings client 1 $FAR6
at_least 'where it is unholed' "$(rule_packets UNHOLE ip6tables)" 1
runs 'nft flush ruleset'
is "it takes iptables-nft's rule away" "$(iptables-nft-save | grep -c UNHOLE)" 0
clean

must sysctl -qw net.ipv4.ip_forward=1
runs 'ip link add nvi0 type nvi'
runs 'ip link set nvi0 up'
export VIA=nvi0
hole_from cl0
check 'a way through nvi0' pings client 2 $FAR
is 'which routes again' "$(nvi_stat nvi0 direct)" 2
runs 'ethtool --set-priv-flags nvi0 prerouting on'
check 'across PREROUTING, too' pings client 2 $FAR
is 'which counts them' "$(nvi_stat nvi0 rx_prerouting)" 2
must ip link del nvi0
clean
# What installs and removes is selftest/packages' to run, in Debian itself; here, what
# of it has nothing to do with packages. Nobody can type a password at "mokutil" there.
conntrack -F 2>/dev/null
# A rule that nft has taken away lets go of its module a little later.
check 'xt_UNHOLE can be removed' wait_for 30 rmmod xt_UNHOLE
echo "xt_UNHOLE is held by: $(cat /sys/module/xt_UNHOLE/refcnt 2>/dev/null || echo nobody)"
check 'nvi can be removed' wait_for 30 rmmod nvi
must modprobe nvi
must modprobe xt_UNHOLE
shown 'rmmod xt_UNHOLE nvi'
runs 'modprobe xt_UNHOLE'
shown 'mokutil --import /var/lib/dkms/mok.pub'
shown reboot
is 'commands that nobody runs' "$(grep -vE '^(line|inline) (make|apt-get|apt|man|git|cd) ' /run/commands | tr '\n' ';')" ''
