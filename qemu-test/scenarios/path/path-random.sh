# SPDX-License-Identifier: GPL-2.0-only
# unhole-path and rules by chance: of nftables and both front ends of iptables, several
# tables in a hook, equal priorities, jumps, gotos, returns, policies, sets, verdict maps, NAT
# and marks, through an nvi device, loopback or neither; both families. Each packet goes
# where it was said to go. More of them, or others: PACKETS=, SEED= (make random).
# weight: 20
. /unhole/predict.sh
predict_wires
ears
must ip link add nvi0 type nvi
must ip link set nvi0 up
must sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 net.ipv4.conf.lo.accept_local=1
for f in -4 -6; do
	[ $f = -4 ] && gw=198.18.0.2 || gw=2001:db8:4::2
	must ip $f route add default via $gw dev up1 table 70
	must ip $f rule add pref 90 iif nvi0 fwmark 0x20/0xf0 lookup 70
	must ip $f rule add pref 91 iif nvi0 lookup main
	must ip $f rule add pref 92 iif lo fwmark 0x40/0xf0 lookup main
	must ip $f rule add pref 95 tos 0x10 lookup 70
	must ip $f rule add pref 100 fwmark 0x1/0xf lookup 70
	must ip $f rule add pref 101 fwmark 0x2/0xf blackhole
	must ip $f rule add pref 102 fwmark 0x10/0xf0 lookup 50
	must ip $f rule add pref 103 dport 443 lookup 50
done
# Out of loopback: a mark that leads in no more. Rules by chance are in other tables.
legacy=
for ipt in $(front_ends iptables-legacy ip6tables-legacy); do
	must $ipt -t raw -A PREROUTING -i lo -j UNHOLE --set-xmark 0x40/0xf0
	legacy=legacy
done
python3 /unhole/random_rules.py "${SEED:-1}" "${PACKETS:-300}" nft nft iptables $legacy >/run/random
head -n 1000 /run/random
sums=$(tail -n 1 /run/random)
says 'it has come to its end' "$sums" 'rulesets'
is 'sure and wrong' "$(echo "$sums" | sed 's/.* wrong \([0-9]*\).*/\1/')" 0
set -- $(echo "$sums" | sed 's/[a-z]*//g')
at_least 'packets' "${2:-0}" "${PACKETS:-300}"
at_most 'unknown, of a hundred' $((${4:-100} * 100 / ${2:-1})) 10
at_least 'kinds of end' "${5:-0}" 6
