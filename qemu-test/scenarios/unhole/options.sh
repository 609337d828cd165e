# SPDX-License-Identifier: GPL-2.0-only
# The target's options, with both front ends: each does what it says to packets
# that are unholed, nothing to others, and what makes no sense is refused.
# leaks: yes
# weight: 8
# spread: no
topology
stock_sysctls
must ip route add default dev lo table 50
must ip rule add fwmark 0x50/0xff lookup 50
must iptables -t mangle -A OUTPUT -d $FAR -j MARK --set-mark 0x1250
must iptables -t mangle -A OUTPUT -d 127.0.0.1 -j MARK --set-mark 0x1250
# The mark and the state with which packets are forwarded, or come in.
must iptables -t mangle -A FORWARD -i lo -m mark --mark 0x1203 -m comment --comment second
must iptables -t mangle -A INPUT -i lo -m mark --mark 0x1250 -m comment --comment genuine
for state in NEW ESTABLISHED UNTRACKED; do
	must iptables -t mangle -A FORWARD -m conntrack --ctstate $state -m comment --comment st-$state
done
capture wire peer eth0

# --set-xmark: takes the mark off that led into the hole, and no other.
for ipt in $(front_ends iptables-legacy iptables-nft); do
	must $ipt -t raw -A PREROUTING -i lo -j UNHOLE
	refute "$ipt: with the mark left on, the second lookup finds the hole again" pings box 1 $FAR
	must $ipt -t raw -F
	must $ipt -t raw -A PREROUTING -i lo -j UNHOLE --set-xmark 0x03/0xff
	says "$ipt: list" "$($ipt -t raw -L PREROUTING -n)" 'UNHOLE' '--set-xmark 0x3/0xff'
	must iptables -t mangle -Z
	check "$ipt: --set-xmark: answered" pings box 3 $FAR
	is "$ipt: the bits of the mask are replaced, the others stay" "$(rule_packets second)" 3
	pings box 2 127.0.0.1 >/dev/null
	is "$ipt: a genuine packet keeps its mark" "$(rule_packets genuine)" 4
	must $ipt -t raw -F
done
# Each bit of the mask is zeroed, then the value is XORed, as MARK does.
must iptables -t mangle -R FORWARD 1 -i lo -m mark --mark 0x30000203 -m comment --comment second
unhole --set-xmark 0x30000003/0x000010ff
must iptables -t mangle -Z
check '--set-xmark with a value outside of its mask: answered' pings box 1 $FAR
is '... is XORed in' "$(rule_packets second)" 1
must iptables -t raw -F

# Conntrack on the second pass: kept, left out, or afresh.
states() { echo "$(rule_packets st-NEW) $(rule_packets st-ESTABLISHED) $(rule_packets st-UNTRACKED)"; }
again() { must conntrack -F 2>/dev/null; must iptables -t mangle -Z; }
entries() { conntrack -L -p icmp 2>/dev/null | grep -c "dst=$FAR"; }
unhole --set-xmark 0/0xff
again
check 'default: answered' pings box 2 $FAR
is 'default: NEW, then ESTABLISHED, on the second pass' "$(states)" '1 1 0'
is 'default: one entry' "$(entries)" 1
must iptables -t raw -F
unhole --set-xmark 0/0xff --notrack
again
check '--notrack: answered' pings box 2 $FAR
is '--notrack: the second pass is UNTRACKED' "$(states)" '0 0 2'
is '--notrack: one entry' "$(entries)" 1
must iptables -t mangle -A INPUT -i lo -m conntrack --ctstate UNTRACKED -m comment --comment untracked
pings box 2 127.0.0.1 >/dev/null
is '--notrack leaves genuine packets tracked' "$(rule_packets 'comment untracked')" 0
must iptables -t mangle -D INPUT -i lo -m conntrack --ctstate UNTRACKED -m comment --comment untracked
must iptables -t raw -F
must iptables -t mangle -A PREROUTING -i lo -m mark --mark 0x1250 -j UNHOLE --set-xmark 0/0xff --notrack
again
check '--notrack in mangle: answered' pings box 2 $FAR
is '--notrack in mangle: the second pass is UNTRACKED' "$(states)" '0 0 2'
must iptables -t mangle -F PREROUTING
unhole --set-xmark 0/0xff --reset-ct
must iptables -t raw -A PREROUTING -i lo -d $FAR -j CT --zone 7
must iptables -t raw -A PREROUTING -i up0 -j CT --zone 7
# The reply belongs to the second pass's entry; for the first it is news.
again
pings box 1 $FAR >/dev/null
is '--reset-ct: NEW on the second pass' "$(states)" '1 0 0'
is '--reset-ct: two entries' "$(entries)" 2
is '--reset-ct: one of them in the zone of the second pass' "$(conntrack -L -p icmp 2>/dev/null | grep "dst=$FAR" | grep -c 'zone=7')" 1
must iptables -t raw -F

# --allow-local: what the second lookup would deliver here.
must sysctl -qw net.ipv4.ip_forward=1
must ip rule add iif cl0 to $BOX lookup 50 pref 10
must ip rule add lookup local pref 20
must ip rule del pref 0
unhole
errors=$(mib IpInAddrErrors)
refute 'without --allow-local: not delivered' pings client 1 $BOX
is 'and counted' $(($(mib IpInAddrErrors) - errors)) 1
must iptables -t raw -F
unhole --allow-local
errors=$(mib IpInAddrErrors) before=$(stat_unhole unholed)
check '--allow-local: delivered' pings client 2 $BOX
is 'through the hole' $(($(stat_unhole unholed) - before)) 2
is 'and not counted as an error' $(($(mib IpInAddrErrors) - errors)) 0
must iptables -t raw -F

# What makes no sense. (All the other refusals are rule-life's.)
for ipt in $(front_ends iptables-legacy iptables-nft ip6tables-legacy ip6tables-nft); do
	must $ipt -t raw -A PREROUTING -i lo -j UNHOLE --set-xmark 0x3/0xff --reset-ct --allow-local
	must $ipt -t raw -A PREROUTING -i lo -j UNHOLE --notrack
	saved $ipt -t raw >/run/raw1
	must $ipt -t raw -F
	check "$ipt: options are restored" sh -c "$ipt-restore </run/raw1"
	saved $ipt -t raw >/run/raw2
	check "$ipt: save, restore, save: the same text" diff /run/raw1 /run/raw2
	is "$ipt: with all of them" "$(grep -c -e '--set-xmark 0x3/0xff --reset-ct --allow-local' -e '--notrack' /run/raw2)" 2
	must $ipt -t raw -F
	# What the plug-in takes, and the kernel refuses when the table is committed.
	must $ipt -t mangle -A PREROUTING -i lo -j UNHOLE
	saved $ipt -t mangle >/run/mangle1
	sed 's/^COMMIT/-A PREROUTING -i lo -j UNHOLE --reset-ct\nCOMMIT/' /run/mangle1 >/run/mangle-bad
	refute "$ipt: a restore file that the kernel refuses" sh -c "$ipt-restore </run/mangle-bad"
	saved $ipt -t mangle >/run/mangle2
	check "$ipt: the old rules stand" diff /run/mangle1 /run/mangle2
	must $ipt -t mangle -D PREROUTING -i lo -j UNHOLE
	# Touching them makes the empty tables.
	$ipt -t raw -L -n >/dev/null; $ipt -t mangle -L -n >/dev/null
	saved $ipt >/run/before
	says "$ipt: --notrack with --reset-ct" "$($ipt -t raw -A PREROUTING -j UNHOLE --notrack --reset-ct 2>&1)" \
		notrack reset-ct 'cannot be used together'
	echo "unhole-mark $ipt" >/dev/kmsg
	refute "$ipt: --reset-ct in mangle" $ipt -t mangle -A PREROUTING -j UNHOLE --reset-ct
	says "$ipt: the kernel log says why" "$(dmesg | sed -n "/unhole-mark $ipt\$/,\$p")" \
		'--reset-ct is for the raw table: in mangle, conntrack has already seen the packet'
	# A plug-in that is newer than the module asks for a flag that it does not know.
	refute "$ipt: an unknown flag" env XTABLES_LIBDIR=/unhole/newer:/usr/lib/x86_64-linux-gnu/xtables \
		$ipt -t raw -A PREROUTING -j UNHOLE --allow-local
	says "$ipt: the kernel log names it, and the cure" "$(dmesg | sed -n "/unhole-mark $ipt\$/,\$p")" \
		'does not know flags 0x40000000: the plug-in is newer, update the module'
	# One that is newer still has a revision that the kernel does not.
	refute "$ipt: a newer revision" env XTABLES_LIBDIR=/unhole/rev1:/usr/lib/x86_64-linux-gnu/xtables \
		$ipt -t raw -A PREROUTING -j UNHOLE
	saved $ipt >/run/after
	check "$ipt: the ruleset is as it was" cmp /run/before /run/after
done
for t in iptables-translate ip6tables-translate; do
	is "$t has no nft form to offer" "$($t -t raw -A PREROUTING -i lo -j UNHOLE --notrack | sed 's/ *$//')" \
		"nft # -t raw -A PREROUTING -i lo -j UNHOLE --notrack"
done
