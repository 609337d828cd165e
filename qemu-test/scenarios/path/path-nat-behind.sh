# SPDX-License-Identifier: GPL-2.0-only
# unhole-path, NAT behind the hole: REDIRECT, and DNAT to the box, of what comes out of lo
# and out of an nvi device, the client's and the box's own. It is met where the second pass
# has another conntrack entry than the first, and only there: one that was reset is found
# again where nothing has changed the packet's addresses, unless it is of another zone. What
# is led to an address of loopback, or wants one of a device that has none, is lost. Then
# doctor says so, and its cure works.
# weight: 14
. /unhole/doctor.sh
topology
stock_sysctls
must sysctl -qw net.ipv4.ip_forward=1
must nft -f - <<-EOT
	table inet seen {
		set ports { typeof udp sport; size 4096; flags dynamic; }
		chain input { type filter hook input priority 200; udp sport 4000-5000 add @ports { udp sport }; }
	}
EOT
capture peer peer eth0
PORT=4000
: >/run/asked

# asked WAY WHO KIND PORT: what is said of one datagram, and it is sent
asked() {
	PORT=$((PORT + 1))
	_q=$([ $2 = box ] || echo "from $CLIENT iif cl0")
	_j=$(unhole-path -j to $FAR ipproto udp sport $PORT dport $4 $_q)
	echo "$_j" >>/run/json
	echo "$PORT $(echo "$_j" | sed 's/.*"verdict":"\([^"]*\)","reason":"\([^"]*\)".*/\1 \2/') $1 $2 $3" >>/run/asked
	echo x | on $2 socat -u - "UDP4-SENDTO:$FAR:$4,sourceport=$PORT" 2>/dev/null
}
# six WAY DEV: three rules, for packets of the box and of the client
six() {
	must iptables -t nat -A PREROUTING -i $2 -p udp --dport 81 -j REDIRECT --to-ports 5001
	must iptables -t nat -A PREROUTING -i $2 -p udp --dport 82 -j DNAT --to-destination $BOX:5001
	must iptables -t nat -A PREROUTING -i $2 -p udp --dport 83 -j DNAT --to-destination 127.0.0.1:5001
	for _who in box client; do
		asked $1 $_who redirect 81
		asked $1 $_who dnat 82
		asked $1 $_who dnat-lo 83
	done
	must iptables -t nat -F
}
untracked() { must iptables -t raw -A OUTPUT -d $FAR -j CT --notrack; must iptables -t raw -A PREROUTING -i cl0 -d $FAR -j CT --notrack; }

hole_local
must ip rule add iif cl0 lookup 51 pref 200
unhole --reset-ct --allow-local
six lo-found-again lo
must iptables -t raw -A PREROUTING -i lo -j CT --zone 7
six lo-zone lo
must iptables -t raw -A OUTPUT -j CT --zone 7
must iptables -t raw -A PREROUTING -i cl0 -j CT --zone 7
six lo-one-zone lo
must iptables -t raw -F
unhole --reset-ct
untracked
must ip addr add 192.0.2.99/32 dev lo
six lo-untracked lo
must ip addr del 192.0.2.99/32 dev lo
must iptables -t nat -A POSTROUTING -o lo -j SNAT --to-source 192.0.2.98
must iptables -t raw -F
unhole --reset-ct --allow-local
must iptables -t nat -A PREROUTING -i lo -p udp --dport 82 -j DNAT --to-destination $BOX:5001
asked lo-another-tuple client dnat 82
must iptables -t nat -F

echo '# doctor'
# (A rule is anybody's who owns the namespace, and the cure is run by root.)
must iptables -t nat -A PREROUTING -i lo -p udp --dport 80 -j REDIRECT --to-ports 5001
# shellcheck disable=SC2016 # no shell is to run it
must iptables -t nat -A PREROUTING -i lo -p udp --dport 81 -m comment --comment '"$(touch /run/ran)`touch /run/ran`'"'" -j REDIRECT --to-ports 5001
must iptables -t nat -D PREROUTING 1
must iptables -t raw -A PREROUTING -i lo -j CT --zone 7
is 'REDIRECT behind lo' "$(wrong)" 'redirect '
asked doctor-lo box redirect 81
cure redirect
healthy 'cured'
refute 'no shell has seen what the rule says' test -e /run/ran
says 'which it says still' "$(iptables-save -t nat)" 'touch /run/ran'
asked doctor-lo-cured box redirect 81
must iptables -t nat -F
must iptables -t nat -A PREROUTING -i cl0 -p udp --dport 81 -j REDIRECT --to-ports 5001
healthy 'REDIRECT where the hole begins'
must iptables -t nat -F
must iptables -t raw -F

must ip route flush table 51
nvi nvi0
must ip route add default dev nvi0 table 51
must ip rule add iif nvi0 lookup main pref 40
must ip route add default via $PEER
must ethtool --set-priv-flags nvi0 prerouting on reset-ct on
six nvi-found-again nvi0
must iptables -t raw -A PREROUTING -i nvi0 -j CT --zone 7
six nvi-zone nvi0
must iptables -t nat -A PREROUTING -i nvi0 -p udp --dport 81 -j REDIRECT --to-ports 5001
is 'REDIRECT behind nvi0, which has no address' "$(wrong)" 'redirect '
cure redirect
healthy 'cured'
asked nvi-cured box redirect 81
must iptables -t nat -F
must nft add table ip t
must nft add chain ip t pre '{ type nat hook prerouting priority -100; }'
must nft add rule ip t pre iifname lo meta l4proto udp redirect to :5001
must ip addr flush dev nvi0
must ip route add default dev nvi0 table 51
must nft add rule ip t pre iifname nvi0 udp dport 81 redirect to :5001
is 'nftables, the same' "$(wrong)" 'redirect '

# What an own rule of --explain changes
must nft delete table ip t
must iptables -t nat -A PREROUTING -i nvi0 -p udp --dport 83 -j DNAT --to-destination 127.0.0.1:5001
unhole-path --explain to $FAR ipproto udp dport 83 | sed '1,/^to change it/d; s/^  //' >/run/fixes
check '--explain names a command' sh -e /run/fixes
asked explained box dnat-lo 83

settled peer
show peer "udp and dst $FAR" | sed -n 's/.* [0-9.]*\.\(4[0-9]*\) > .*/\1 leaves/p' >/run/went
nft list set inet seen ports | grep -o '4[0-9][0-9][0-9]' | sed 's/$/ local/' >>/run/went
while read -r port verdict reason what; do
	went=$(sed -n "s/^$port //p" /run/went | sort -u)
	is "$what: $verdict, $reason" "${went:-dies}" "$verdict"
done </run/asked
kinds=$(cut -d ' ' -f 2,3 /run/asked | sort -u | tr '\n' ';')
says 'of each kind' "$kinds" 'leaves unholed' 'leaves nvi' 'local second-lookup-local' 'dies loopback-address' 'dies rule-drop' 'dies nvi-address'
