# SPDX-License-Identifier: GPL-2.0-only
# A box that is configured by nft: one rule of either iptables front end opens the
# hole for nft's own rules. nft shows that rule if it is iptables-nft's, cannot
# load what it shows, and takes it away with "flush ruleset"; iptables-legacy's it
# neither sees nor touches.
# weight: 5
topology
# By the device alone: the mark of hole-from.sh is a rule of iptables, too.
must ip route add default dev lo table 50
must ip rule add iif cl0 lookup 50
must sysctl -qw net.ipv4.ip_forward=1
stock_sysctls
must ip addr add 192.0.2.9/24 dev up0
cat >/run/own.nft <<EOT
flush ruleset
table inet own {
	chain source {
		type nat hook postrouting priority srcnat;
		oifname "lo" ip saddr $CLIENT snat ip to 192.0.2.9
	}
	chain between {
		type filter hook forward priority filter; policy drop;
		iifname "cl0" oifname "lo" accept
		iifname "lo" oifname "up0" ct original ip saddr $CLIENT accept
		iifname "up0" oifname "cl0" ct state established accept
	}
}
EOT
capture wire peer eth0

for ipt in iptables-nft iptables-legacy; do
	must nft -f /run/own.nft
	refute "$ipt: without the rule: no answer" pings client 1 $FAR -W 0.5
	must conntrack -F 2>/dev/null
	must $ipt -t raw -A PREROUTING -i lo -j UNHOLE
	settled wire
	before=$(seen wire 'icmp[0] == 8')
	check "$ipt: beside nft's rules: answered" pings client 3 $FAR
	settled wire
	is "$ipt: by nft's SNAT" $(($(seen wire 'icmp[0] == 8 and src 192.0.2.9') - before)) 3
	is "$ipt: and as nobody else" "$(seen wire 'icmp[0] == 8 and not src 192.0.2.9')" 0
	nft list ruleset >/run/dump.nft 2>/dev/null
	case $ipt in
	*-nft)
		# (1.1.3 has it in quotes.)
		says 'nft shows the rule' "$(sed 's/"UNHOLE"/UNHOLE/' /run/dump.nft)" 'iifname "lo" counter packets 3 bytes 252 xt target UNHOLE'
		{ echo flush ruleset; cat /run/dump.nft; } >/run/reload.nft
		refute 'nft cannot load what it has shown' nft -f /run/reload.nft
		says 'and says why' "$(nft -f /run/reload.nft 2>&1)" \
			'Error: unsupported xtables compat expression, use iptables-nft with this ruleset'
		check 'it shows it as JSON' sh -c 'nft -j list ruleset >/run/dump.json'
		refute 'and cannot load that' nft -j -f /run/dump.json
		nft list ruleset >/run/after.nft 2>/dev/null
		check 'the ruleset is as it was' cmp /run/dump.nft /run/after.nft
		must nft add table ip t
		must nft add chain ip t c '{ type filter hook prerouting priority raw; }'
		refute 'it cannot be written by hand' nft add rule ip t c iifname lo xt target UNHOLE
		says 'for the same reason' "$(nft add rule ip t c iifname lo xt target UNHOLE 2>&1)" \
			'unsupported xtables compat expression'
		# An option would be lost in that list in any case.
		must iptables-nft -t raw -A PREROUTING -i lo -j UNHOLE --notrack
		is 'options are not shown' "$(nft list ruleset 2>/dev/null | grep -c 'UNHOLE"*$')" 2
		must nft -f /run/own.nft
		is 'flush ruleset takes it away' "$(iptables-nft-save | grep -c UNHOLE)" 0
		refute 'and the hole is shut' pings client 1 $FAR -W 0.5
		;;
	*-legacy)
		is 'nft does not see the rule' "$(grep -c UNHOLE /run/dump.nft)" 0
		{ echo flush ruleset; cat /run/dump.nft; } >/run/reload.nft
		check 'nft loads what it has shown' nft -f /run/reload.nft
		is 'flush ruleset leaves the rule' "$(iptables-legacy-save -t raw | grep -c UNHOLE)" 1
		check 'and the hole open' pings client 2 $FAR
		;;
	esac
done
