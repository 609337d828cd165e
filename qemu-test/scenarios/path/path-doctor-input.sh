# SPDX-License-Identifier: GPL-2.0-only
# unhole-path doctor: whether INPUT trusts lo, as firewalls write it: by name, by
# index, in chains of their own; what guards it, and what only looks like that.
# weight: 8
. /unhole/doctor.sh
topology
stock_sysctls
must sysctl -qw net.ipv4.ip_forward=1
hole_from cl0
# On a patched kernel, too, what is unholed may come to INPUT
unhole --allow-local
trusts() { is "$1" "$(wrong)" 'input-lo '; }

for ipt in iptables-nft iptables-legacy; do
	healthy "$ipt: nothing about lo"
	must $ipt -A INPUT -i lo -p tcp --dport 22 -j ACCEPT
	must $ipt -A INPUT -i lo -m addrtype --src-type LOCAL -j ACCEPT
	healthy "$ipt: lo is trusted with some packets"
	must $ipt -F INPUT
	must $ipt -N in
	must $ipt -N deeper
	must $ipt -A in -i l+ -m comment --comment 'as UFW' -j ACCEPT
	must $ipt -A deeper -j in
	must $ipt -A INPUT -p icmp -j in
	healthy "$ipt: a chain that some packets reach"
	must $ipt -A INPUT -j deeper
	trusts "$ipt: a chain that a chain leads to"
	must $ipt -I INPUT -i lo -p tcp --dport 23 -j DROP
	trusts "$ipt: beside a rule that drops some"
	must $ipt -I INPUT -i lo -m addrtype ! --src-type LOCAL -p tcp -j DROP
	trusts "$ipt: beside a guard against TCP"
	must $ipt -I INPUT -i lo -m addrtype ! --dst-type LOCAL -j DROP
	trusts "$ipt: beside a guard of the other address"
	must $ipt -A INPUT -i lo -m addrtype ! --src-type LOCAL -j DROP
	trusts "$ipt: a guard behind it"
	cure input-lo # by iptables, whichever that is
	healthy "$ipt: cured"
	must iptables -F INPUT
	must $ipt -F INPUT
	must $ipt -A INPUT -i lo -j in
	must $ipt -R in 1 -j ACCEPT
	trusts "$ipt: a chain for lo"
	must $ipt -I in -m addrtype ! --src-type LOCAL -j REJECT
	healthy "$ipt: guarded in it"
	must $ipt -F
	must $ipt -A INPUT ! -i cl0 -g in
	must $ipt -A in -j ACCEPT
	trusts "$ipt: all devices but one"
	must $ipt -F
	must $ipt -X
done

# Whose packets come to INPUT by lo: the box's own are trusted there
must rm -r /run/unhole # (what is taken away of the recipe here is meant)
must iptables -t raw -F
must iptables -A INPUT -i lo -j ACCEPT
must iptables -t raw -A PREROUTING -i lo -m mark --mark 8/8 -j UNHOLE --allow-local
unhole
healthy 'a rule for a mark that nobody has'
for mark in 'PREROUTING -i cl0 -p tcp' 'FORWARD -i cl0 -o lo' 'POSTROUTING -o lo -s 198.51.100.0/24' 'PREROUTING -i lo -p udp'; do
	must iptables -t mangle -A $mark -j MARK --or-mark 8
	case $mark in
	*'-i lo'*) healthy "a mark that comes too late: $mark" ;;
	*) trusts "a mark that some of the clients have: $mark" ;;
	esac
	must iptables -t mangle -D $mark -j MARK --or-mark 8
done
must iptables -t mangle -A OUTPUT -j MARK --or-mark 8
healthy "a mark that the box's own have"
must iptables -t mangle -F
must iptables -t raw -F
must ip rule del iif cl0
must ip route flush table 50
must iptables -t nat -A PREROUTING -p tcp --dport 81 -j DNAT --to-destination 203.0.113.9
recipe own-tproxy CLIENT_IF=cl0
healthy 'own-tproxy.sh, beside an INPUT that trusts lo'
must env CLIENT_IF=cl0 sh /unhole/recipes/own-tproxy.sh undo
must iptables -t nat -F
must iptables -F INPUT
hole_from cl0
must iptables -t raw -F
unhole --allow-local

# So many rules that doctor looks at some of them only: it says so, and knows of no guard there
{
	echo '*filter'
	echo ':INPUT DROP'
	printf ':%s -\n' many more
	for _ in 0 1 2 3 4 5 6 7 8 9 a b c d e f; do echo '-A INPUT -j many'; done
	for _ in 0 1 2 3 4 5 6 7 8 9 a b c d e f; do for _ in 0 1 2 3; do echo '-A many -j more'; done; done
	for _ in 0 1 2 3 4 5 6 7 8 9 a b c d e f; do for _ in 0 1 2 3; do echo '-A more -p tcp'; done; done
	echo COMMIT
} >/run/many
must iptables-legacy-restore /run/many
is 'too many rules: a note' "$(wrong)/$(notes)" '/rules '
must iptables-nft -A INPUT -i lo -j ACCEPT
is 'too many rules: their policy is no guard of others' "$(wrong)/$(notes)" 'input-lo /rules '
must iptables-nft -F INPUT
must iptables-legacy -P INPUT ACCEPT
must iptables-legacy -F
must iptables-legacy -X

# ruleset WHAT CHECKS: of nft.
ruleset() {
	cat >/run/ruleset
	must nft -f /run/ruleset
	is "$1" "$(wrong)" "$2"
	must nft delete table inet f
}
ruleset 'nft: iif, which is an index' 'input-lo ' <<'EOT'
table inet f { chain input { type filter hook input priority 0; policy drop; ct state established accept; iif lo accept; }; }
EOT
ruleset 'nft: iifname' 'input-lo ' <<'EOT'
table inet f { chain input { type filter hook input priority 0; policy drop; iifname "lo" counter accept comment "x"; }; }
EOT
ruleset 'nft: the index of another device' '' <<'EOT'
table inet f { chain input { type filter hook input priority 0; policy drop; iif up0 accept; }; }
EOT
ruleset 'nft: for the other family' '' <<'EOT'
table inet f { chain input { type filter hook input priority 0; policy drop; meta nfproto ipv6 iif lo accept; }; }
EOT
ruleset 'nft: a chain' 'input-lo ' <<'EOT'
table inet f {
	chain trusted { accept; }
	chain input { type filter hook input priority 0; policy drop; iif lo goto trusted; }
}
EOT
# Not every kernel of the tests has nft's fib expression
if nft -c 'add table inet f; add chain inet f input { type filter hook input priority 0; }; add rule inet f input fib saddr type local' 2>/dev/null; then
ruleset 'nft: a guard' '' <<'EOT'
table inet f { chain input { type filter hook input priority 0; policy drop; iif lo fib saddr type != local drop; iif lo accept; }; }
EOT
ruleset 'nft: a guard in another chain' '' <<'EOT'
table inet f {
	chain input { type filter hook input priority 0; policy drop; iif lo accept; }
	chain guard { type filter hook input priority 10; iifname lo fib saddr type != local reject; }
}
EOT
ruleset 'nft: a guard against TCP' 'input-lo ' <<'EOT'
table inet f { chain input { type filter hook input priority 0; policy drop; iif lo fib saddr type != local meta l4proto tcp drop; iif lo accept; }; }
EOT
ruleset 'nft: a guard of the other address' 'input-lo ' <<'EOT'
table inet f { chain input { type filter hook input priority 0; policy drop; iif lo fib daddr type != local drop; iif lo accept; }; }
EOT
else
	[ $PATCHED = 1 ] || not_ok "Debian's kernel has nft's fib expression"
fi
# One of a set of names: perhaps lo. That is said, and is not wrong.
for rule in 'iifname { "lo", "cl0" } accept' 'iif vmap { lo : accept, cl0 : drop }'; do
	must nft "add table inet f; add chain inet f input { type filter hook input priority 0; policy drop; }; add rule inet f input $rule"
	is "nft: $rule" "$(wrong)/$(notes)" '/input-lo '
	must nft delete table inet f
done
