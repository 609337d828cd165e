# SPDX-License-Identifier: GPL-2.0-only
# unhole-path doctor: each illness is planted, named, and cured by the command
# that is named with it; nothing is wrong before and after.
# kernels: 6.1 6.12 stock
topology
stock_sysctls
# wrong: the checks that found something.
wrong() { unhole-path -j doctor | sed 's/},{/}\n{/g' | sed -n 's/.*"level":"\(warn\|bad\)","check":"\([^"]*\)".*/\2/p' | tr '\n' ' '; }
healthy() {
	is "$1: nothing is wrong" "$(wrong)" ''
	check "$1: exit status 0" unhole-path doctor
}
healthy 'a box without a hole'
hole_from cl0
is 'a hole and no rule' "$(wrong)" 'no-rule '
unhole
healthy 'a hole and a rule'
# The module is loaded by now, and says it.
says 'the kernel' "$(unhole-path doctor)" "$([ $PATCHED = 1 ] && echo 'has the core' || echo 'without the core') patches"
refute 'exit status 1 where something is wrong' sh -c 'iptables -t raw -F; unhole-path doctor'
unhole

must ip route add $FAR dev lo table 60
must ip rule add to $FAR lookup 60 pref 50
is 'a rule that loops' "$(wrong)" 'loop '
# cure CHECK: runs the command below that finding.
cure() { unhole-path doctor | sed -n "/^[a-z]*  *$1: /{n;p;}" >/run/cure; must sh -e /run/cure; }
cure loop
healthy 'cured by a mark that is put on'
must ip rule del pref 50
must ip rule del pref 10
must iptables -t raw -D PREROUTING 1
must ip rule add fwmark 0x50 lookup 60 pref 50
is 'a mark that leads in, and stays' "$(wrong)" 'loop '
cure loop
healthy 'cured by taking it off'
must ip rule del pref 50
must iptables -t mangle -F

must ip -6 route add $FAR6 dev lo table 50
is 'a reject in disguise' "$(wrong)" 'reject-in-disguise '
must ip -6 route del $FAR6 dev lo table 50

for ipt in iptables-nft iptables-legacy; do
	must $ipt -t nat -A POSTROUTING -o up0 -j MASQUERADE
	is "$ipt: MASQUERADE at the uplink" "$(wrong)" 'masquerade-uplink '
	must $ipt -t nat -F
	must $ipt -t nat -A POSTROUTING -o lo -j MASQUERADE
	is "$ipt: MASQUERADE at lo, which has no address" "$(wrong)" 'masquerade-lo '
	must ip addr add 192.0.2.99/32 dev lo
	healthy "$ipt: lo has one"
	must ip addr del 192.0.2.99/32 dev lo
	must $ipt -t nat -F
	must $ipt -A INPUT -i lo -j ACCEPT
	if [ $PATCHED = 0 ]; then
		is "$ipt: INPUT trusts lo" "$(wrong)" 'input-lo '
		must $ipt -I INPUT -i lo -m addrtype ! --src-type LOCAL -j DROP
	else
		healthy "$ipt: INPUT trusts lo, on a patched kernel"
		must iptables -t raw -F
		unhole --allow-local
		is "$ipt: with --allow-local" "$(wrong)" 'input-lo '
		must iptables -t raw -F
		unhole
	fi
	healthy "$ipt: cured"
	must $ipt -F INPUT
done

must nft add table inet f
must nft add flowtable inet f x '{ hook ingress priority 0; devices = { cl0, up0 }; }'
is 'a flowtable' "$(wrong)" 'flowtable '
must nft delete table inet f

[ $PATCHED = 1 ] || {
	must sysctl -qw net.ipv4.ip_forward=0 net.ipv4.conf.lo.accept_local=0 net.ipv4.conf.lo.rp_filter=1
	is 'stock: the sysctls' "$(wrong)" 'accept_local forwarding rp_filter '
	must sysctl -qw net.ipv4.conf.lo.rp_filter=0
	stock_sysctls
	healthy 'stock: the sysctls of the recipe'
}
must iptables -t raw -F
must ip rule del iif cl0
must ip route flush table 50
must ip route flush table 60
must sysctl -qw net.ipv4.ip_forward=0 net.ipv6.conf.all.forwarding=0 net.ipv4.conf.lo.accept_local=0
nvi nvi0
must ip route add default dev nvi0 table 50
must ip rule add iif cl0 lookup 50
healthy 'nvi, IPv4: no rule, no sysctl'
must iptables -t nat -A POSTROUTING -o nvi0 -j MASQUERADE
healthy 'nvi: MASQUERADE at its device'
must iptables -t nat -A POSTROUTING -o up0 -j MASQUERADE
is 'nvi: MASQUERADE at the uplink' "$(wrong)" 'masquerade-uplink '
must iptables -t nat -F
must ip rule add to $FAR lookup 50 pref 50
is 'nvi: a rule that loops' "$(wrong)" 'loop '
cure loop
healthy 'nvi: cured'
must ip rule del pref 10
must ip rule del pref 50
must ip rule add fwmark 0x50 lookup 50 pref 50
is 'nvi: a mark that leads in, and stays' "$(wrong)" 'loop '
must iptables -t mangle -A POSTROUTING -o nvi0 -j MARK --set-mark 0
healthy 'nvi: cured by taking it off in POSTROUTING'
must ip link set nvi0 down
is 'nvi: down' "$(wrong)" 'nvi-down '
cure nvi-down
healthy 'nvi: up'
must ip -6 route add default dev nvi0 table 60
is 'nvi, IPv6: forwarding' "$(wrong)" 'forwarding6 '
cure forwarding6
healthy 'nvi, IPv6: cured'

must ip route flush table 50
must ip -6 route flush table 60
XTABLES_LIBDIR=/tmp
export XTABLES_LIBDIR
is 'no plug-in' "$(wrong)" 'plug-in '
