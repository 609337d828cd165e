# SPDX-License-Identifier: GPL-2.0-only
# The commands that README and the documents that it leads to show, and that are neither
# the tours nor the set-up for two ISPs (those have scenarios of their own) nor make's
# (make check asks make): each does what is said there, and none is left out.
# weight: 5
. /unhole/examples.sh
topology
must ip addr add 192.0.2.9/24 dev up0
clean
stock_sysctls
must sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
for doc in README.md INSTALL.md xt_UNHOLE/README.md recipes/README.md; do readme_commands /unhole/$doc; done | sort -u >/run/commands
at_least 'README shows commands' "$(wc -l </run/commands)" 20
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

# Into lo, for clients and for the box.
runs 'ip route add default dev lo table 50'
runs 'ip rule add iif cl0 fwmark 0x10/0x10 lookup 50'
runs 'iptables -t mangle -A PREROUTING -i cl0 -j MARK --set-xmark 0x10/0x10'
must iptables -t nat -A POSTROUTING -o lo -j SNAT --to-source 192.0.2.9
refute 'no way through lo without a rule' pings client 1 $FAR -W 1
Q='unhole-path --explain 203.0.113.7 from 198.51.100.2 iif cl0'
refute 'it says so' sh -c "$Q >/run/said"
says 'it says why, and what to do' "$(cat /run/said)" 'dies in the hole' 'to change it:'
shown 'unhole-path doctor'
refute 'the doctor says so, too' sh -c 'unhole-path doctor >/run/said'
says 'the doctor' "$(cat /run/said)" 'bad'
runs 'iptables -t raw -A PREROUTING -i lo -j UNHOLE'
check 'a way through lo with it' pings client 1 $FAR
check 'the tool knows' sh -c "$Q"
check 'the doctor, too' unhole-path doctor

Q='unhole-path watch 203.0.113.7 from 198.51.100.2 iif cl0'
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

must iptables -t raw -F
runs 'ip route add default dev lo table 51'
runs 'ip rule add fwmark 0x80/0x80 lookup 51'
runs 'iptables -t mangle -A OUTPUT -d 203.0.113.7 -j MARK --set-xmark 0x80/0x80'
refute 'the box: into lo, and no further' pings box 1 $FAR -W 1
runs 'sysctl -w net.ipv4.conf.lo.accept_local=1 net.ipv4.conf.lo.forwarding=1'
runs 'sysctl -w net.ipv4.conf.lo.accept_local=1 net.ipv4.ip_forward=1'
runs 'iptables -t raw -I PREROUTING -i lo -j UNHOLE --set-xmark 0/0x80'
check 'the box: through it' pings box 1 $FAR
check 'and clients' pings client 1 $FAR

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
check 'ip route get' sh -c "ip route get $FAR from $CLIENT iif cl0 mark 0x10 | grep -q 'dev lo'"
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
must ip link set nvi0 up
must ip route add default dev nvi0 table 50
runs 'ip rule add iif cl0 lookup main suppress_prefixlength 1'
must ip rule add iif cl0 lookup 50 pref 32765
# The connected network is not led into it, and a route that is no default is none.
must ip route del $FAR
must ip route add default via $PEER
must ip rule add iif nvi0 lookup main pref 32764
check 'a way through nvi0' pings client 2 $FAR
is 'which routes again' "$(nvi_stat nvi0 direct)" 2
check 'and past it, to a connected network' pings client 2 $PEER
is 'which it does not see' "$(nvi_stat nvi0 direct)" 2
must nft add table inet filter
must nft 'add chain inet filter forward { type filter hook forward priority 0; policy drop; }'
must nft add rule inet filter forward ct state established,related accept
must nft add rule inet filter forward iifname cl0 oifname up0 accept
conntrack -F 2>/dev/null
refute 'a policy that drops: not by nvi0' pings client 1 $FAR -W 1
runs 'nft insert rule inet filter forward iifname cl0 oifname nvi0 accept'
check 'with the first pass let pass: by nvi0' pings client 2 $FAR
must nft delete table inet filter
shown 'unhole-path 203.0.113.7 from 198.51.100.3 iif cl0'
check 'the tool says where it leaves' sh -c 'unhole-path 203.0.113.7 from 198.51.100.3 iif cl0 | grep -q "leaves by up0"'
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
