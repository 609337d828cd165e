# SPDX-License-Identifier: GPL-2.0-only
# unhole-path doctor: each illness is planted, named, and cured by the command
# that is named with it; nothing is wrong before and after.
# weight: 12
. /unhole/doctor.sh
topology
stock_sysctls
must sysctl -qw net.ipv4.ip_forward=1
healthy 'a box without a hole'
hole_from cl0
# (What is taken away of the recipe here is meant: path-doctor-recipe.)
must rm -r /run/unhole
is 'a hole and no rule' "$(wrong)" 'no-rule '
for ipt in iptables-nft iptables-legacy; do
	must $ipt -t raw -N spare
	must $ipt -t raw -A spare -j UNHOLE
	is "$ipt: a rule in a chain that nobody comes to" "$(wrong)" 'no-rule '
	must $ipt -t raw -A PREROUTING -i eth9 -j spare
	is "$ipt: for another device" "$(wrong)" 'no-rule '
	must $ipt -t nat -A PREROUTING -p tcp --dport 81 -j DNAT --to-destination 203.0.113.9
	is "$ipt: and NAT of some packets" "$(wrong)" 'no-rule '
	must $ipt -t raw -A PREROUTING -i lo -d 203.0.113.0/24 -j spare
	healthy "$ipt: for some packets"
	must $ipt -t raw -I PREROUTING -m comment --comment 'all' -j ACCEPT
	is "$ipt: behind one that accepts" "$(wrong)" 'no-rule '
	cure no-rule
	healthy "$ipt: cured"
	must $ipt -t nat -F
	must iptables -t raw -F
	must $ipt -t raw -F
	must $ipt -t raw -X
done
must ip route add 203.0.113.8 dev lo table 70
must ip rule add iif cl0 to 203.0.113.8 lookup 70 pref 40
must iptables -t raw -A PREROUTING -i lo -d $FAR -j UNHOLE
is 'a rule for another destination than the way is for' "$(wrong)" 'no-rule '
must iptables -t raw -A PREROUTING -i lo -d 203.0.113.8 -j UNHOLE
healthy 'a rule for each'
must iptables -t raw -F
must ip route flush table 70
must ip rule del pref 40
unhole
healthy 'a hole and a rule'
# The module is loaded by now, and says it.
says 'the kernel' "$(unhole-path doctor)" "$([ $PATCHED = 1 ] && echo 'has the core' || echo 'without the core') patches"
refute 'exit status 1 where something is wrong' sh -c 'iptables -t raw -F; unhole-path doctor'
unhole

must ip route add $FAR dev lo table 60
must ip rule add to $FAR lookup 60 pref 50
is 'a rule that loops' "$(wrong)" 'loop '
cure loop
healthy 'cured by a mark that is put on'
must ip rule del pref 50
must ip rule del pref 49
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
must ip -6 addr add 2001:db8:9::1/64 dev lo
says 'lo has an address' "$(ip -6 route)" '2001:db8:9::/64 dev lo proto kernel'
healthy "an address of lo: the route of its prefix is the kernel's own"
must ip -6 addr del 2001:db8:9::1/64 dev lo

masquerades() { # ADDRESS, that lo may have
	must $ipt -t nat -A POSTROUTING -o up0 -j MASQUERADE
	is "$ipt: MASQUERADE at the uplink" "$(wrong)" 'masquerade-uplink '
	must $ipt -t nat -F
	must $ipt -t nat -A POSTROUTING -o lo -j MASQUERADE
	is "$ipt: MASQUERADE at lo, which has no address" "$(wrong)" 'masquerade-lo '
	must ip addr add "$1" dev lo
	healthy "$ipt: lo has one"
	must ip addr del "$1" dev lo
	must $ipt -t nat -F
}
for ipt in iptables-nft iptables-legacy; do
	masquerades 192.0.2.99/32
	must $ipt -A INPUT -i lo -j ACCEPT
	healthy "$ipt: INPUT trusts lo"
	must iptables -t raw -F
	unhole --allow-local
	healthy "$ipt: with --allow-local, and no client comes to it"
	must iptables -t mangle -A PREROUTING -i cl0 -j MARK --set-mark 0x10
	is "$ipt: with --allow-local" "$(wrong)" 'input-lo '
	must iptables -t mangle -F
	must iptables -t raw -F
	unhole
	healthy "$ipt: cured"
	must $ipt -F INPUT
done

# A device whose name is two words for sysctl
must ip link add v.5 type veth peer name v6
must ip rule add iif v.5 lookup 50
healthy 'a device with a dot'
must sysctl -qw net/ipv4/conf/v.5/forwarding=0
is 'its forwarding is off, and no other' "$(wrong)" 'forwarding '
cure forwarding
healthy 'cured by its own sysctl'
must sysctl -qw net.ipv4.ip_forward=0
must sysctl -qw net.ipv4.conf.lo.forwarding=1 net.ipv4.conf.cl0.forwarding=1
is 'forwarding is off by default' "$(wrong)" 'forwarding '
cure forwarding
healthy 'cured by switching it on'
must sysctl -qw net.ipv4.ip_forward=0
must sysctl -qw net.ipv4.conf.lo.forwarding=1
is 'two devices that one command mends: one word' "$(wrong)" 'forwarding '
cure forwarding
healthy 'and it mends both'
must ip link del v.5
must ip rule del iif v.5

# The same, IPv6
must sysctl -qw net.ipv6.conf.all.forwarding=1
must ip -6 nexthop add id 60 dev lo
must ip -6 route add $FAR6 nhid 60 table 60
must ip -6 rule add fwmark 0x50 lookup 60 pref 50
is 'IPv6: a hole and no rule' "$(wrong)" 'loop no-rule '
unhole6
is 'IPv6: a mark that leads in, and stays' "$(wrong)" 'loop '
cure loop
healthy 'IPv6: cured by taking it off'
must ip -6 rule del pref 50
must ip6tables -t mangle -F
must ip -6 rule add to $FAR6 lookup 60 pref 50
is 'IPv6: a rule that loops' "$(wrong)" 'loop '
cure loop
healthy 'IPv6: cured by a mark that is put on'
must ip -6 rule del pref 50
must ip -6 rule del pref 49
# (50 is another nexthop's number already.)
must ip -6 nexthop add id 50 dev up0
must ip -6 route add 2001:db8:77::/64 dev lo table 60
is 'IPv6: a route that rejects' "$(wrong)" 'reject-in-disguise '
cure reject-in-disguise
says 'IPv6: cured by a nexthop of its own' "$(ip -6 route show table 60)" '2001:db8:77::/64 nhid 51 dev lo'
must ip -6 route del 2001:db8:77::/64 table 60
must ip -6 rule add iif cl0 lookup 60
for ipt in ip6tables-nft ip6tables-legacy; do
	masquerades 2001:db8:9::9/128
done
must sysctl -qw net.ipv6.conf.all.forwarding=0
is 'IPv6: what comes in by a NIC is to be forwarded' "$(wrong)" 'forwarding6 '
cure forwarding6
healthy 'IPv6: it is'
must ip -6 rule del iif cl0
must ip6tables -t raw -F
must ip -6 route del $FAR6 table 60

[ $PATCHED = 1 ] || {
	must sysctl -qw net.ipv4.ip_forward=0 net.ipv4.conf.lo.accept_local=0 net.ipv4.conf.lo.rp_filter=1
	is 'stock: the sysctls' "$(wrong)" 'forwarding accept_local forwarding rp_filter '
	must sysctl -qw net.ipv4.ip_forward=1 net.ipv4.conf.lo.forwarding=0 net.ipv4.conf.lo.accept_local=1
	must sysctl -qw net.ipv4.conf.lo.rp_filter=0
	is 'stock: forwarding, of lo alone' "$(wrong)" 'forwarding '
	cure forwarding
	healthy 'stock: forwarding, cured'
	# (the greater of "all" and lo's counts; no other device becomes loose)
	must sysctl -qw net.ipv4.conf.all.rp_filter=1
	is 'stock: strict' "$(wrong)" 'rp_filter '
	cure rp_filter
	is 'cured for lo alone' "$(sysctl -n net.ipv4.conf.all.rp_filter net.ipv4.conf.lo.rp_filter | xargs) $(wrong)" '1 2 '
	must sysctl -qw net.ipv4.conf.all.rp_filter=0
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
is 'nvi, IPv4: what comes in by a NIC is to be forwarded' "$(wrong)" 'forwarding '
cure forwarding
healthy 'nvi, IPv4: no rule, no sysctl of its own'
must iptables -t nat -A POSTROUTING -o nvi0 -j MASQUERADE
healthy 'nvi: MASQUERADE at its device'
must iptables -t nat -A POSTROUTING -o up0 -j MASQUERADE
is 'nvi: and at the uplink, for the others' "$(wrong)/$(notes)" '/masquerade-uplink '
must iptables -t nat -F
must iptables -t nat -A POSTROUTING -o up0 -j MASQUERADE
is 'nvi: MASQUERADE at the uplink' "$(wrong)" 'masquerade-uplink '
must iptables -t nat -F
must ip rule add to $FAR lookup 50 pref 50
is 'nvi: a rule that loops' "$(wrong)" 'loop '
cure loop
healthy 'nvi: cured'
must ip rule del pref 49
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
healthy 'nvi, IPv6: of the box, nobody asks for forwarding'
must ip -6 rule add iif cl0 lookup 60
must ip -6 rule add iif nvi0 lookup main
is 'nvi, IPv6: of a client, forwarding' "$(wrong)" 'forwarding6 '
cure forwarding6
healthy 'nvi, IPv6: cured'
must ip -6 rule del iif cl0
must ip -6 rule del iif nvi0

must ip rule del iif cl0
must ip route flush table 50
must ip -6 route flush table 60
XTABLES_LIBDIR=/tmp
export XTABLES_LIBDIR
is 'no plug-in' "$(wrong)" 'plug-in '
unset XTABLES_LIBDIR

# Who is not root sees no rules, and says so
status=0
setpriv --reuid 65534 --regid 65534 --clear-groups unhole-path -j doctor >/run/doctor || status=$?
cat /run/doctor >>/run/json
is 'exit status 3 where the rules may not be read' $status 3
says 'and why' "$(cat /run/doctor)" '"check":"rules"' 'Operation not permitted'

# There is no module, and none is loaded
must ip link del nvi0
must mount -t tmpfs tmpfs /sys/module
must mount -t tmpfs tmpfs /lib/modules
is 'no module' "$(wrong)" 'module '
says 'its cure' "$(unhole-path doctor)" 'apt-get install /FOLDER/unhole-dkms' 'make install'
must mkdir -p "/lib/modules/$(uname -r)/updates/dkms"
: >"/lib/modules/$(uname -r)/updates/dkms/xt_UNHOLE.ko.zst"
healthy 'a module that is not loaded'

# DKMS knows it, and has not built it: why, and what to do
must mkdir -p /var/lib
must mount -t tmpfs tmpfs /var/lib
must rm -r "/lib/modules/$(uname -r)"
must mkdir -p /var/lib/dkms/unhole/1.1 /var/lib/dkms/unhole-nvi/1.1
says 'no headers' "$(unhole-path doctor)" 'apt-get install linux-headers-'
must mkdir -p "/lib/modules/$(uname -r)/build/include"
says 'headers, and no module' "$(unhole-path doctor)" 'dkms autoinstall'
: >"/var/lib/dkms/unhole/1.1/make.log-$(uname -r)"
: >/var/lib/dkms/unhole/1.1/make.log-1.2.3
: >/var/lib/dkms/unhole-nvi/1.1/make.log-1.2.3
is 'a module that does not compile' "$(wrong)" 'module '
says 'which, for what kernel, and the cure' "$(unhole-path doctor)" "xt_UNHOLE does not compile for $(uname -r), " \
	"see /var/lib/dkms/unhole/1.1/make.log-$(uname -r)" 'install /FOLDER/unhole-dkms_*.deb    # a newer one'
: >"/var/lib/dkms/unhole-nvi/1.1/make.log-$(uname -r)"
is 'nor does nvi' "$(wrong)" 'module nvi-module '
must mkdir -p "/lib/modules/$(uname -r)/updates/dkms"
: >"/lib/modules/$(uname -r)/updates/dkms/xt_UNHOLE.ko.zst"
must rm "/var/lib/dkms/unhole/1.1/make.log-$(uname -r)"
is 'nvi alone does not' "$(wrong)" 'nvi-module '

echo '# what it has not looked at'
says 'other namespaces' "$(unhole-path doctor | tail -n 1)" 'note not-looked-at: ' '2 other network namespaces'
must umount /lib/modules /sys/module
must tc qdisc add dev cl0 clsact
must ip xfrm policy add dir out src 10.0.0.1/32 dst 10.0.0.2/32 action block
says 'tc, IPsec' "$(unhole-path doctor | tail -n 1)" 'tc at cl0 (clsact)' 'IPsec (1 policy)'
