# SPDX-License-Identifier: GPL-2.0-only
# In a guest that is an installed Debian with systemd: for each program that wants rules and
# routes of its own, the program first, then our recipes beside it. The recipes work, and so
# do the program's rules; doctor is quiet; the program is reloaded and restarted; undo leaves
# its rules as they were. What a recipe prints to be typed, is typed.
#
#   client 198.51.100.2, .3 --- cl0 [box] up1 192.0.2.1  --- 192.0.2.2  eth1 [net] 203.0.113.80
#                                         up2 192.0.2.65 --- 192.0.2.66 eth2
# shellcheck shell=sh disable=SC2086,SC2317,SC2034,SC2154 # words; called by name; of lib.sh
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin HOME=/root TERM=linux LC_ALL=C SLOW=2
exec >/dev/ttyS2 2>&1 </dev/null # the log
OUT=/dev/ttyS1
trap 'sync; systemctl -ff poweroff' EXIT
mkdir -p /results
. /unhole/lib.sh
via nvi0

chmod 755 /
SERVER=203.0.113.80 SERVER6=2001:db8:3::80
SNAT1=203.0.113.17 SNAT2=203.0.113.33

# isps: the wires, and who listens: TCP ports 25 and 443 of the server, 22 and 23 of the box.
isps() {
	sysctl -qw net.ipv6.conf.default.accept_dad=0
	host client net
	wire box cl0 198.51.100.1/24,$BOXCL6/64 client eth0 198.51.100.2/24,198.51.100.3/24,2001:db8:1::2/64,2001:db8:1::3/64
	wire box up1 192.0.2.1/26,2001:db8:21::1/64 net eth1 192.0.2.2/26,2001:db8:21::2/64
	wire box up2 192.0.2.65/26,2001:db8:22::1/64 net eth2 192.0.2.66/26,2001:db8:22::2/64
	must batch client 'route add default via 198.51.100.1' "route add default via $BOXCL6"
	must batch box 'route add default via 192.0.2.2' 'route add default via 2001:db8:21::2'
	must batch net "addr add $SERVER/32 dev lo" "addr add $SERVER6/128 dev lo nodad" \
		"route add $SNAT1 via 192.0.2.1" "route add $SNAT2 via 192.0.2.65" \
		'route add 2001:db8:a1::17 via 2001:db8:21::1' 'route add 2001:db8:a2::33 via 2001:db8:22::1' \
		'route add 198.51.100.0/24 via 192.0.2.1' 'route add 2001:db8:1::/64 via 2001:db8:21::1'
	for p in 25 443; do
		on net socat TCP6-LISTEN:$p,fork,reuseaddr,ipv6only=0 OPEN:/dev/null &
	done
	for p in 22 23; do socat TCP6-LISTEN:$p,fork,reuseaddr,ipv6only=0 OPEN:/dev/null & done
	for p in 25 443; do wait_for 10 _listens net t $p || must false; done
	for p in 22 23; do wait_for 10 _listens box t $p || must false; done
}
# What comes back to a source of ours by a link-local address needs none.
connects() { # NS ADDRESS PORT [SOURCE]
	on "$1" socat -u OPEN:/dev/null "TCP:$(_host "$2"):$3,connect-timeout=4${4:+,bind=$(_host "$4")}"
}
uplinks() { # [6]
	sh "/unhole/recipes/uplinks${1-}.sh" >/run/said 2>&1
	_status=$?
	cat /run/said
	return $_status
}
export GW3=

# through WHEN [6]: both clients get through nvi0 by their own uplinks, each with its source
# and no other; what is forbidden them is.
through() {
	if [ -z "${2-}" ]; then
		_srv=$SERVER _net=198.51.100. _s1=$SNAT1 _s2=$SNAT2 _icmp='icmp[0] == 8' _syn='tcp[13] == 2'
	else
		_srv=$SERVER6 _net=2001:db8:1:: _s1=2001:db8:a1::17 _s2=2001:db8:a2::33 _icmp='icmp6[0] == 128' _syn='ip6[53] == 2 and tcp'
	fi
	capture one net eth1
	capture two net eth2
	for _n in 2 3; do
		check "$1: client $_net$_n is answered" pings client 2 $_srv -I "$_net$_n"
		check "$1: ... and by TCP" connects client $_srv 443 "$_net$_n"
	done
	settled one
	settled two
	is "$1: uplink 1 has its source" "$(seen one "$_icmp and src $_s1") $(seen one "$_syn and src $_s1")" '2 1'
	is "$1: uplink 2, too" "$(seen two "$_icmp and src $_s2") $(seen two "$_syn and src $_s2")" '2 1'
	_else="$(show one "not arp and dst $_srv and not src $_s1") $(show two "not arp and dst $_srv and not src $_s2")"
	is "$1: nothing else has left" "$_else" ' '
	stop one
	stop two
}
doctor() { check "$1: doctor is quiet" unhole-path doctor; }

# theirs FILE: rules and routes of everybody, without what counts or what is empty.
theirs() {
	{
		ip rule
		ip -6 rule
		ip route show table all
		ip -6 route show table all
		nft -s list ruleset
		sysctl net.ipv4.ip_forward net.ipv6.conf.all.forwarding net.ipv4.conf.up1.rp_filter net.ipv6.conf.up1.accept_ra
	} 2>/dev/null | sed 's/ expires [0-9a-z]*//; s/ proto kernel.*//; s/counter packets.*bytes [0-9]*/counter/
		/^\t*chain .* {$/d; /^\t*}/d; /^}/d; /^\t\ttype .* hook /d; /^table /d; /^$/d; /^#/d; /fe80/d' | sort >"/run/$1"
}
as_before() { # WHEN
	theirs after
	if cmp -s /run/before /run/after; then ok "$1: their rules are as before"; else
		not_ok "$1: their rules: $(diff /run/before /run/after | grep '^[<>]' | head -n 6 | tr '\n' ';')"
	fi
}
undo() { # RECIPE
	check "undo of $1" sh "/unhole/recipes/$1.sh" undo
}

# firewall-cmd waits 25 s for an answer; on a busy host that may be too short.
reload() { firewall-cmd --reload || { wait_for 100 firewall-cmd --state && firewall-cmd --reload; }; }
# Its name is on the bus before its rules are set.
at_work() { systemctl "$1" firewalld && wait_for 100 firewall-cmd -q --state; }
typed() {
	is 'the last of them' "$(tail -n 1 /run/lines)" '  firewall-cmd --reload'
	sed '$d' /run/lines >/run/first
	sh -ex /run/first && reload
}
part_firewalld() {
	isps
	zone() { # NAME TEXT
		echo "<?xml version='1.0' encoding='utf-8'?><zone>$2</zone>" >/etc/firewalld/zones/$1.xml
	}
	zone internal '<interface name="cl0"/><service name="ssh"/><protocol value="icmp"/><forward/>'
	zone external '<interface name="up1"/><interface name="up2"/><service name="ssh"/><masquerade/><forward/>'
	cat >/etc/firewalld/policies/lan-out.xml <<-END
		<?xml version="1.0" encoding="utf-8"?>
		<policy target="ACCEPT"><ingress-zone name="internal"/><egress-zone name="external"/>
		<rule family="ipv4"><port port="25" protocol="tcp"/><reject/></rule>
		<rule family="ipv6"><port port="25" protocol="tcp"/><reject/></rule></policy>
	END
	check 'firewalld starts' at_work start
	forbids() { # WHEN
		refute "$1: no mail from client 1" connects client $SERVER 25 198.51.100.2
		refute "$1: ... nor from client 2" connects client $SERVER 25 198.51.100.3
		refute "$1: nothing comes in to port 23" connects net 192.0.2.1 23
		check "$1: SSH does" connects net 192.0.2.1 22
		refute "$1: nor to a client" connects net 198.51.100.2 22
	}
	check 'before: a client by MASQUERADE' connects client $SERVER 443
	forbids before
	theirs before
	check 'uplinks.sh' uplinks
	grep '^  firewall-cmd' /run/said >/run/lines
	is 'lines to be typed' "$(wc -l </run/lines)" 7
	refute 'without them nothing passes' pings client 1 $SERVER -I 198.51.100.2
	says '... and unhole-path says so' "$(unhole-path to $SERVER from 198.51.100.2 iif cl0 ipproto tcp dport 443)" firewalld
	check 'they can be typed' typed
	through first
	forbids first
	doctor first
	check 'again' uplinks
	refute 'again: no lines' grep -q firewall-cmd /run/said
	check 'reload' reload
	through reload
	forbids reload
	doctor reload
	check 'restart' at_work restart
	through restart
	forbids restart
	doctor restart
	check 'uplinks6.sh' uplinks 6
	grep -E '^  (sed|firewall-cmd)' /run/said >/run/lines
	is 'lines to be typed for IPv6' "$(wc -l </run/lines)" 2
	refute 'without them no replies by uplink 2' pings client 1 $SERVER6 -I 2001:db8:1::3
	check 'they can be typed, too' typed
	through IPv6 6
	undo uplinks6
	undo uplinks
	# What was typed
	firewall-cmd -q --permanent --delete-policy=unhole-in
	firewall-cmd -q --permanent --delete-zone=unhole
	sed -i 's/^IPv6_rpfilter=loose/IPv6_rpfilter=strict/; s/^IPv6_rpfilter=no/IPv6_rpfilter=yes/' /etc/firewalld/firewalld.conf
	reload
	as_before undo
	forbids undo
	systemctl stop firewalld
}

part_ufw() {
	isps
	for w in 'allow 22/tcp' 'route reject proto tcp from any to any port 25' \
		'route allow in on cl0 out on up1' 'route allow in on cl0 out on up2' '--force enable'; do
		# shellcheck disable=SC2086 # words
		check "ufw $w" ufw $w
	done
	forbids() { # WHEN
		refute "$1: no mail from client 1" connects client $SERVER 25 198.51.100.2
		refute "$1: ... nor from client 2" connects client $SERVER 25 198.51.100.3
		refute "$1: nothing comes in to port 23" connects net 192.0.2.1 23
		check "$1: SSH does" connects net 192.0.2.1 22
		refute "$1: nor to a client" connects net 198.51.100.2 22
	}
	forbids before
	theirs before
	check 'uplinks.sh' uplinks
	through first
	forbids first
	doctor first
	check 'ufw reload' ufw reload
	through reload
	forbids reload
	doctor reload
	check 'restart' systemctl restart ufw
	through restart
	forbids restart
	doctor restart
	ufw --force disable
	through disabled
	ufw --force enable
	through 'enabled anew'
	doctor 'enabled anew'
	undo uplinks
	as_before undo
	ufw --force disable
}

part_fail2ban() {
	isps
	: >/var/log/auth.log
	printf '[sshd]\nenabled = true\nbackend = polling\nlogpath = /var/log/auth.log\n' >/etc/fail2ban/jail.local
	check 'fail2ban starts' systemctl start fail2ban
	wait_for 60 fail2ban-client ping || must false
	check 'a ban' fail2ban-client set sshd banip 192.0.2.66
	forbids() { # WHEN
		check "$1: the ban stands" wait_for 100 sh -c 'nft list ruleset | grep -q 192.0.2.66'
		refute "$1: who is banned does not come in" connects net 192.0.2.65 22 192.0.2.66
		check "$1: another one does" connects net 192.0.2.65 22 192.0.2.2
	}
	forbids before
	theirs before
	check 'uplinks.sh' uplinks
	through first
	forbids first
	doctor first
	check 'reload' fail2ban-client reload
	through reload
	forbids reload
	check 'restart' systemctl restart fail2ban
	wait_for 60 fail2ban-client ping || must false
	through restart
	forbids restart
	doctor restart
	undo uplinks
	as_before undo
	systemctl stop fail2ban
}

part_wg_quick() {
	isps
	(umask 077 && wg genkey >/run/key1 && wg genkey >/run/key2)
	must ip -n net link add wg0 type wireguard
	on net wg set wg0 listen-port 51820 private-key /run/key2 peer "$(wg pubkey </run/key1)" allowed-ips 10.9.0.1/32
	addresses net wg0 10.9.0.2/24
	(umask 077 && cat >/etc/wireguard/wg0.conf) <<-END
		[Interface]
		Address = 10.9.0.1/24
		PrivateKey = $(cat /run/key1)
		[Peer]
		PublicKey = $(wg pubkey </run/key2)
		AllowedIPs = 0.0.0.0/0
		Endpoint = 192.0.2.2:51820
	END
	check 'wg-quick up' wg-quick up wg0
	rm -f /run/netns-wg0
	tunnel() { # WHEN
		_had=$(cat /run/netns-wg0 2>/dev/null || echo 0)
		check "$1: the box is answered" pings box 2 $SERVER
		# (Each ping has been answered: nothing is still on its way.)
		_has=$(on net ip -s -j link show wg0 | sed 's/.*"rx":{"bytes":[0-9]*,"packets":\([0-9]*\).*/\1/')
		at_least "$1: through the tunnel" $((_has - _had)) 2
		echo "$_has" >/run/netns-wg0
	}
	tunnel before
	theirs before
	check 'uplinks.sh' uplinks
	through first
	tunnel first
	doctor first
	theirs before_down
	wg-quick down wg0
	is 'down: our rules are left' "$(ip rule | grep -cE 'cl0|nvi0')" "$(grep -cE 'iif (cl0|nvi0)' /run/before_down)"
	through 'without it'
	# It puts its rules in front of all others when it starts.
	check 'restart' wg-quick up wg0
	tunnel restart
	refute 'restart: the recipe is in the way, or behind it' pings client 1 $SERVER -I 198.51.100.2
	refute 'again: refused' uplinks
	says 'again: cause and cure' "$(cat /run/said)" "not from all fwmark 0xca6c lookup 51820' takes all packets" 'cure: PREF='
	_pref=$(sed -n 's/.*cure: PREF=\([0-9]*\).*/\1/p' /run/said)
	PREF=$_pref check "again, with PREF=$_pref" uplinks
	through again
	tunnel again
	doctor again
	undo uplinks
	wg-quick down wg0
	# As its manual page has it: rules of one's own.
	sed -i 's/^Address.*/&\nTable = 51820\nFwMark = 51820\nPostUp = ip rule add pref 32000 lookup main suppress_prefixlength 0; ip rule add pref 32001 not fwmark 51820 lookup 51820\nPostDown = ip rule del pref 32000; ip rule del pref 32001/' /etc/wireguard/wg0.conf
	check 'with preferences' wg-quick up wg0
	theirs before
	check 'uplinks.sh' uplinks
	wg-quick down wg0
	check 'with preferences, restart' wg-quick up wg0
	through 'with preferences, restart'
	tunnel 'with preferences, restart'
	doctor 'with preferences, restart'
	undo uplinks
	as_before undo
	tunnel undo
	wg-quick down wg0
}

# advertises: the provider of up1 does, as a router. routed: the box has taken it up.
advertises() {
	cat >/run/radvd.conf <<-END
		interface eth1 { AdvSendAdvert on; MinRtrAdvInterval 3; MaxRtrAdvInterval 4; AdvDefaultLifetime 600;
			prefix 2001:db8:21::/64 { AdvOnLink on; AdvAutonomous on; }; };
	END
	on net sysctl -qw net.ipv6.conf.all.forwarding=1
	chmod 644 /run/radvd.conf
	on net radvd -n -C /run/radvd.conf -p /run/radvd.pid -m stderr &
}
routed() { ip -6 route show default | grep -q 'proto ra' && ip -6 addr show dev up1 dynamic | grep -q inet6 && ip route show default | grep -q up1; }
# anew WHEN: an uplink whose link was down, or which had no address for a moment, has no routes
# left. Nothing goes astray then, and the recipe can be made again.
anew() {
	capture one net eth1
	refute "$1: client 1 hears that there is no route" pings client 1 $SERVER -I 198.51.100.2
	settled one
	is "$1: nothing of it has left" "$(show one "not arp and dst $SERVER")" ''
	stop one
	check "$1: again" uplinks
}

part_networkd() {
	isps
	ip route del default
	ip -6 route del default
	mkdir -p /etc/systemd/network
	cat >/etc/systemd/network/up1.network <<-END
		[Match]
		Name=up1
		[Network]
		Address=192.0.2.1/26
		Address=2001:db8:21::1/64
		Gateway=192.0.2.2
		IPv6AcceptRA=yes
		[RoutingPolicyRule]
		From=192.0.2.1
		Table=77
		Priority=90
	END
	advertises
	check 'networkd starts' systemctl start systemd-networkd
	check 'it has the router advertisement' wait_for 30 routed
	theirs before
	check 'uplinks.sh' uplinks
	grep '^  ' /run/said >/run/lines
	is 'lines to be typed' "$(wc -l </run/lines)" 3
	check 'networkd, restarted' systemctl restart systemd-networkd
	wait_for 30 routed
	refute 'without them it takes our rules away' sh -c 'ip rule | grep nvi0'
	check 'they can be typed' sh -ex /run/lines
	wait_for 30 routed
	check 'again' uplinks
	refute 'again: no lines' grep '^  ' /run/said
	check 'uplinks6.sh' uplinks 6
	is 'the kernel takes no router advertisements' "$(cat /proc/sys/net/ipv6/conf/up1/accept_ra)" 0
	through first
	through IPv6 6
	doctor first
	check 'reload' networkctl reload
	check 'reconfigure' networkctl reconfigure up1
	wait_for 30 routed
	# networkd of Debian 12 takes even an address of its own away first.
	version=$(networkctl --version | awk '{ print $2; exit }')
	[ "$version" -ge 257 ] || anew reload
	through reload
	through 'reload, IPv6' 6
	check 'restart' systemctl restart systemd-networkd
	wait_for 30 routed
	[ "$version" -ge 257 ] || anew restart
	through restart
	through 'restart, IPv6' 6
	doctor restart
	undo uplinks6
	undo uplinks
	as_before undo
	rm -r /etc/systemd/networkd.conf.d
	systemctl stop systemd-networkd.socket systemd-networkd
}

part_networkmanager() {
	isps
	ip route del default
	ip -6 route del default
	cat >/etc/NetworkManager/system-connections/up1.nmconnection <<-END
		[connection]
		id=up1
		type=ethernet
		interface-name=up1
		[ipv4]
		method=manual
		address1=192.0.2.1/26,192.0.2.2
		[ipv6]
		method=auto
		address1=2001:db8:21::1/64
	END
	chmod 600 /etc/NetworkManager/system-connections/up1.nmconnection
	advertises
	# (It takes veth devices for somebody else's.)
	mkdir -p /etc/udev/rules.d
	echo 'ENV{ID_NET_DRIVER}=="veth", ENV{INTERFACE}=="up1", ENV{NM_UNMANAGED}="0"' >/etc/udev/rules.d/99-nm.rules
	udevadm control --reload
	udevadm trigger --settle /sys/class/net/up1
	check 'NetworkManager starts' systemctl start NetworkManager
	nmcli device
	check 'the connection is up' nmcli connection up up1
	check 'it has the router advertisement' wait_for 30 routed
	theirs before
	check 'uplinks.sh' uplinks
	check 'uplinks6.sh' uplinks 6
	is 'the kernel takes no router advertisements' "$(cat /proc/sys/net/ipv6/conf/up1/accept_ra)" 0
	through first
	through IPv6 6
	doctor first
	check 'restart' systemctl restart NetworkManager
	wait_for 30 routed
	through restart
	through 'restart, IPv6' 6
	doctor restart
	check 'the connection anew' nmcli connection up up1
	wait_for 30 routed
	anew 'the connection anew'
	check 'again, IPv6' uplinks 6
	through again
	through 'again, IPv6' 6
	doctor again
	undo uplinks6
	undo uplinks
	as_before undo
	systemctl stop NetworkManager
}

# --- all of them -----------------------------------------------------------------------------

tidy() {
	for _ns in client net; do
		ip netns pids $_ns | xargs -r kill -9
		ip netns del $_ns
	done
	for _d in cl0 up1 up2 nvi0 wg0; do ip link del $_d; done
	pkill -x socat
	# The kernel's rules are its own again: networkd takes others away.
	for _f in -4 -6; do
		ip $_f rule flush
		ip $_f rule add pref 32766 lookup main protocol kernel
	done
	ip rule add pref 32767 lookup default protocol kernel
	nft flush ruleset
	rm -rf /run/capture.* /run/unhole
	sysctl -qw net.ipv4.ip_forward=0 net.ipv6.conf.all.forwarding=0 net.ipv4.conf.all.rp_filter=0
} >/dev/null 2>&1

parts=$(sed -n 's/^part_\([^ ()]*\)().*/\1/p' /unhole/coexist.sh)
asked=$(sed -n 's/.* unhole\.parts=\([^ ]*\).*/\1/p' /proc/cmdline | tr ',-' ' _')
for part in ${asked:-$parts}; do
	name=coexist-$(echo "$part" | tr _ -) SCENARIO=$part
	echo "=== $name"
	uptime
	began=${_up%.*}
	(
		# (Who is left over would keep tee waiting.)
		trap tidy EXIT
		"part_$part"
		finish
	) 2>&1 | tee /run/part
	uptime
	failed=$(grep -m 1 '^not ok ' /run/part | tr -d '\r' | tail -c +8)
	echo "RESULT $name $([ -z "$failed" ] && echo pass || echo fail) $(grep -cE '^(not )?ok ' /run/part) $((${_up%.*} - began)) $failed" >$OUT
done
