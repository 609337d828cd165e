# SPDX-License-Identifier: GPL-2.0-only
# unhole-path doctor: MASQUERADE, by name, by index, in chains, as Docker writes it;
# and what is put into flow tables.
# weight: 7
. /unhole/doctor.sh
topology
stock_sysctls
must sysctl -qw net.ipv4.ip_forward=1
hole_from cl0
unhole

# ruleset WHAT WRONG NOTES
ruleset() {
	cat >/run/ruleset
	must nft -f /run/ruleset
	is "$1" "$(wrong)/$(notes)" "$2/$3"
	must nft delete table ip f
}
ruleset 'nft: oif of the uplink' 'masquerade-uplink ' '' <<'EOT'
table ip f { chain post { type nat hook postrouting priority 100; oif up0 masquerade; }; }
EOT
ruleset 'nft: oif lo' 'masquerade-lo ' '' <<'EOT'
table ip f { chain post { type nat hook postrouting priority 100; oif lo masquerade; }; }
EOT
ruleset 'nft: a set' '' 'masquerade-uplink ' <<'EOT'
table ip f { chain post { type nat hook postrouting priority 100; oifname { "up0", "up1" } masquerade; }; }
EOT
ruleset 'nft: a chain that a map leads to' '' 'masquerade-uplink ' <<'EOT'
table ip f {
	chain out { masquerade; }
	chain post { type nat hook postrouting priority 100; oifname vmap { "up0" : jump out }; }
}
EOT
for ipt in iptables-nft iptables-legacy; do
	must $ipt -t nat -A POSTROUTING ! -o docker0 -s 172.17.0.0/16 -j MASQUERADE
	is "$ipt: as Docker" "$(wrong)/$(notes)" '/masquerade-lo '
	must $ipt -t nat -F
	must $ipt -t nat -A POSTROUTING ! -o docker0 -j MASQUERADE
	is "$ipt: at all devices but one" "$(wrong)" 'masquerade-lo '
	must $ipt -t nat -I POSTROUTING -o lo -j SNAT --to-source $BOX
	healthy "$ipt: behind SNAT at lo"
	must $ipt -t nat -F
	must $ipt -t nat -N out
	must $ipt -t nat -A POSTROUTING -o lo -j out
	must $ipt -t nat -A out -p tcp -j MASQUERADE
	is "$ipt: in a chain for lo" "$(wrong)" 'masquerade-lo '
	must $ipt -t nat -R POSTROUTING 1 -o up+ -j out
	is "$ipt: in a chain for uplinks" "$(wrong)" 'masquerade-uplink '
	must $ipt -t nat -I POSTROUTING -o lo -s $CLIENT -j SNAT --to-source $BOX
	is "$ipt: beside SNAT at lo, it is for the others" "$(wrong)/$(notes)" '/masquerade-uplink '
	must $ipt -t nat -F
	must $ipt -t nat -X
done

# A client that no NAT at the hole is for, and whose address is private
wire box lan0 10.5.0.1/24 client eth5 10.5.0.7/24
capture peer peer eth0
must ip rule add iif lan0 lookup 50
must ip -n client route replace default via 10.5.0.1
must iptables -t nat -A POSTROUTING -o lo -s $CLIENT -j SNAT --to-source $BOX
must iptables -t nat -A POSTROUTING -o lo -s 10.5.0.2 -j SNAT --to-source $BOX
must iptables -t nat -A POSTROUTING -o up0 -j MASQUERADE
must ip route add default via $PEER
check 'the neighbours know each other' pings client 1 10.5.0.1
check 'the neighbours know each other' pings box 1 $PEER
private() { _was=$(seen peer "src 10.5.0.7 and udp"); on client sh -c "echo x | socat -u - UDP4-SENDTO:$FAR:99"; settled peer; echo $(($(seen peer "src 10.5.0.7 and udp") - _was)); }
is 'a private client that is not listed leaves as it is' "$(wrong)$(private)" 'masquerade-uplink 1'
is 'and that is not green' "$(unhole-path -c $FAR from 10.5.0.7 iif lan0 | head -n 1 | cut -c 2-5)" '[33m'
cure masquerade-uplink
is 'cured' "$(wrong)$(notes)$(private)" 'masquerade-uplink 0'
must iptables -t nat -F
must ip rule del iif lan0
must ip route del default

flow() {
	must nft "add table ip f; add flowtable ip f x { hook ingress priority 0; devices = { cl0, up0 }; }"
	must nft "add chain ip f forward { type filter hook forward priority 0; }; add rule ip f forward $2 flow add @x"
	is "flow tables: $1" "$(wrong)/$(notes)" "$3"
	must nft delete table ip f
}
flow 'all that is forwarded' '' 'flowtable /'
flow "the client's" 'iifname cl0' 'flowtable /'
flow "the uplink's" 'iifname up0 meta l4proto tcp' '/flowtable '
flow 'by index' 'iif up0' '/flowtable '
flow 'a set' 'iifname { "up0", "up1" }' '/flowtable '
