# SPDX-License-Identifier: GPL-2.0-only
# What an nvi device does not do without its flag prerouting: PREROUTING is not crossed, so
# DNAT (own-dnat) and TPROXY (own-tproxy) do not see the box's own packets; and the
# second pass has no conntrack entry of its own, so a second NAT (two-stage-nat,
# same-network) is not evaluated, whether it is tracked or not. In IPv6 as well.
# patches: none
# claims: L10
# weight: 6
topology
via nvi0
must sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
capture wire peer eth0
recipe hole-local-nvi FAR=$FAR FAR6=$FAR6
recipe hole-from DEV=cl0
recipe hole-from6 DEV=cl0

# both FAMILY ADDRESSES...: of one family.
both() {
	family $1
	[ $F = 4 ] && OTHER=203.0.113.8 || OTHER=2001:db8:3::8
	was=$(passed_again)
	must $IPT -t nat -A PREROUTING ! -i cl0 -d $FAR -j DNAT --to-destination $OTHER
	must $IPT -t mangle -A PREROUTING ! -i cl0 -p tcp --dport 7 -j TPROXY --on-port 3129 --tproxy-mark 0x51
	must $IPT -t raw -A PREROUTING -i nvi0 -m comment --comment crossed
	speaks "IPv$F: the box" box peer $FAR
	at_least "IPv$F: by the device" $(($(passed_again) - was)) 10
	is "IPv$F: DNAT in PREROUTING does not see it" "$(rule_packets 'j DNAT' $IPT)" 0
	is "IPv$F: nor does TPROXY" "$(rule_packets 'j TPROXY' $IPT)" 0
	is "IPv$F: nor any other rule there" "$(rule_packets 'comment crossed' $IPT)" 0

	# The inside address is the box's own, so that the reply is for the box.
	must $IPT -t nat -A POSTROUTING -o nvi0 -s ${CL}0/$LEN -j SNAT --to-source ${UP}9
	must $IPT -t nat -A POSTROUTING -o up0 -j MASQUERADE
	for notrack in off on; do
		must ethtool --set-priv-flags nvi0 notrack $notrack
		must conntrack -F -f ipv$F
		settled wire
		before=$(seen wire "$REQUEST and src ${UP}9")
		pings client 1 $FAR -W 0.1 >/dev/null
		settled wire
		is "IPv$F, notrack $notrack: the first NAT's address is on the wire" \
			$(($(seen wire "$REQUEST and src ${UP}9") - before)) 1
		is "IPv$F, notrack $notrack: MASQUERADE at the uplink sees nothing" "$(rule_packets 'j MASQUERADE' $IPT)" 0
	done
	must ethtool --set-priv-flags nvi0 notrack off
}
both 4
both 6
