# SPDX-License-Identifier: GPL-2.0-only
# unhole-path and its doctor change nothing: modules, tables, rules, routes, sysctls
# and counters are the same before and after, on a box without anything, and on one
# with holes. Every message that it sends asks; every file that it opens is read.
# weight: 10
# What loading itself would change comes first.
state() {
	cut -d' ' -f 1,2 /proc/modules
	cat /proc/net/ip*_tables_names /proc/net/protocols 2>/dev/null
	ls -R /proc/sys/net
	# Of these, time itself changes some
	sysctl -a --pattern '^net\.' 2>/dev/null | grep -v 'base_reachable\|random\|nf_conntrack_count\|_mem '
	for _s in '' -6; do
		ip $_s rule
		ip $_s route show table all | sed 's/expires [0-9]*sec//'
		ip $_s nexthop
		ip $_s neigh show nud permanent
	done
	ip -d link | grep -v link/ether
	[ "${1-}" = pristine ] && return
	saved iptables-legacy -c
	saved ip6tables-legacy -c
	nft list ruleset
	cat /proc/net/stat/unhole
}
# all COMMAND...: every command of the tool.
all() {
	for _a in "to $FAR" "--explain to $FAR" "-j to $FAR6" "--explain to $FAR from $CLIENT iif cl0 ipproto udp dport 9 snat 192.0.2.9" \
		"to $FAR6 from $CLIENT6 iif cl0 dnat $PEER6" doctor '-j doctor'; do
		"$@" $_a >/dev/null
		[ $? -ne 2 ] || not_ok "unhole-path $_a: usage"
	done
}
# asks WHAT [pristine]: nothing is different afterwards.
asks() {
	state $2 >/run/before
	all unhole-path
	state $2 >/run/after
	check "$1: nothing has changed" diff /run/before /run/after
	# strace itself loads a module
	all strace -f -qq -A -X verbose -e trace=%file,%network -o /run/strace $TRACED
}
topology
: >/run/strace
asks 'a box with nothing' pristine

must sysctl -qw net.ipv4.ip_forward=1
hole_local
unhole
unhole6
must ip link add nvi0 type nvi
must ip link set nvi0 up
must ip route add 198.18.0.0/24 dev nvi0
must ip6tables-legacy -t raw -A PREROUTING -i lo -j UNHOLE
must nft add table inet t
must nft add chain inet t c '{ type filter hook input priority 0; }'
must nft add rule inet t c iif lo accept
asks 'a box with holes'

is 'it starts no other program' "$(grep -c execve /run/strace)" 14
is 'it opens files for reading' "$(grep -E '^[0-9]+ +(open|creat)' /run/strace | grep -vc O_RDONLY)" 0
at_least 'and did open some' "$(grep -c O_RDONLY /run/strace)" 14
is 'it names no file anew, and removes none' "$(grep -cE '^[0-9]+ +(unlink|rename|mkdir|chmod|chown|link|symlink|truncate|mount)' /run/strace)" 0
is 'it sets no option of x_tables' "$(grep 'setsockopt(' /run/strace | grep -cv 'SOL_NETLINK\|SO_')" 0
# By number: strace knows their names only where the kernel has netlink_diag. Of
# rtnetlink, the third of each four asks (RTM_GETLINK is 0x12); of nf_tables (0xa..)
# NFT_MSG_GETTABLE, GETCHAIN, GETRULE, GETSET, GETSETELEM, GETGEN, GETOBJ, GETFLOWTABLE; of
# nfnetlink_hook NFNL_MSG_HOOK_GET; of ipset IPSET_CMD_TEST, HEADER, GET_BYINDEX.
grep -E 'send(to|msg)\(' /run/strace | sed -E 's#=0xa /[^<]*<<8\|0x(.) #=0xa0\1 #; s#=0xa /[^<]*<<8\|0x(..) #=0xa\1 #' |
	grep -oE 'nlmsg_type=0x[0-9a-f]*' | sort | uniq -c | tee /run/types
is 'every message asks' "$(grep -cvE '=0x([1-6][26ae]|25|a0[147ad]|a1[037]|c(00)?|60[bcf])$' /run/types)" 0
# 0x25 is XFRM_MSG_GETSPDINFO, one for each socket of that kind; of rtnetlink it would delete
is 'and IPsec is asked for its numbers' "$(grep -c 'nlmsg_type=0x25' /run/strace)" "$(grep -c 'socket(.*NETLINK_XFRM' /run/strace)"
at_least 'and kinds of question' "$(wc -l </run/types)" 6
