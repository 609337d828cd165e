# SPDX-License-Identifier: GPL-2.0-only
# unhole-path watch: real packets, of clients and of the box, of both families, beside what
# was predicted: hop by hop, with both lookups; where netfilter, tc or the kernel drops them,
# function, reason and hook; other namespaces' packets are not the box's. It ends in time,
# changes nothing, and leaves nothing behind when it is killed.
# weight: 75
# timeout: 600
# patches: none
# not on: patched: it wants BPF programs at tracepoints and BTF, which Debian's kernels have
topology
must sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 net.ipv6.conf.all.accept_dad=0
[ -e /sys/kernel/tracing/events ] || must mount -t tracefs tracefs /sys/kernel/tracing
nvi nvi0
programs() { grep -c 'bpf_prog_.*\[bpf\]' /proc/kallsyms; }
# The kernel takes programs away a little later.
gone() { [ "$(programs)" -le "$(tail -n 1 /run/before)" ]; }
# What watch may not change.
state() {
	(cd /sys/kernel/tracing && ls instances && cat kprobe_events uprobe_events dynamic_events events/*/enable tracing_on current_tracer)
	cut -d' ' -f 1 /proc/modules
	cat /proc/sys/kernel/perf_event_paranoid /proc/sys/kernel/kptr_restrict
	nft list ruleset
	saved iptables-legacy -c
	ip rule
	ip -6 rule
	programs
}
# watching ARGUMENTS...: it runs, and looks on. watched WHAT STATUS: it has ended so.
watching() {
	rm -f /run/out /run/err
	unhole-path watch "$@" >/run/out 2>/run/err &
	pid=$!
	wait_for 20 grep -qs '^watching' /run/out /run/err || not_ok "it watches: $(cat /run/err)"
}
watched() {
	wait $pid
	is "$1: exit status" $? "$2"
}
# in_order WHAT WORDS...: one after the other in what it has said, and in no other order.
in_order() {
	_what=$1 _left=$(tr '\n' '~' </run/out)
	shift
	for _word in "$@"; do
		case $_left in
		*"$_word"*) _left=${_left#*"$_word"} ;;
		*) not_ok "$_what: '$_word' is not behind the others in: $(cat /run/out)"; return ;;
		esac
	done
	ok "$_what"
}
must iptables-legacy -t raw -A PREROUTING -s 198.18.99.0/24 -j ACCEPT
must nft add table inet t
must unhole-path doctor >/dev/null
state >/run/before
same() { state >/run/after; diff /run/before /run/after; }
unhole-path watch $FAR --time 1 >/run/out
is 'nothing to see: exit status' $? 3
unhole-path watch $FAR6 ipproto ipv6-icmp --send >/run/out
is 'IPv6: sent: exit status' $? 0
wait_for 20 gone
check 'nothing of the box is different' same

echo '# a client by nvi0, two lookups, SNAT in between'
must batch box 'route add default dev nvi0 table 50' 'rule add iif cl0 lookup 50' 'rule add iif nvi0 lookup main' \
	'addr add 192.0.2.9/32 dev up0'
must iptables -t nat -A POSTROUTING -o nvi0 -j SNAT --to-source 192.0.2.9
watching $FAR from $CLIENT iif cl0 ipproto icmp
check 'its ping is answered' pings client 1 $FAR
watched 'leaves' 0
in_order 'hop by hop' 'predicted: leaves by up0' "in      cl0  $CLIENT > $FAR" \
	"lookup  iif cl0 from $CLIENT to $FAR: dev nvi0" "table 50 (inferred)" \
	"lookup  iif nvi0 from 192.0.2.9 to $FAR: dev up0 via $PEER" 'table 254' "out     up0  192.0.2.9 > $FAR" \
	'another network namespace' 'seen: leaves by up0, source 192.0.2.9' 'as predicted'
refute 'nothing is NOT as predicted' grep NOT /run/out
# With a queue it is seen at nvi0 itself, too
must tc qdisc add dev nvi0 root pfifo limit 10
must ip -6 route add default dev nvi0 table 50
must ip -6 rule add iif cl0 lookup 50
must ip -6 rule add iif nvi0 lookup main
watching $FAR6 from $CLIENT6 iif cl0
check 'IPv6: its ping is answered' pings client 1 $FAR6
watched 'IPv6: leaves' 0
in_order 'IPv6: hop by hop' 'predicted: leaves by up0' "in      cl0  $CLIENT6 > $FAR6" "iif cl0 from $CLIENT6 to $FAR6: dev nvi0" 'out     nvi0' 'iif nvi0' \
	"dev up0 via $PEER6" 'out     up0' 'seen: leaves by up0' 'as predicted'
must tc qdisc del dev nvi0 root

echo '# what it has to do with DNAT'
must iptables -t nat -A PREROUTING -d 192.0.2.77 -j DNAT --to-destination $FAR
watching 192.0.2.77 from $CLIENT iif cl0
pings client 1 192.0.2.77 >/dev/null
watched 'DNAT' 0
in_order 'DNAT: the lookup has the new destination' "> 192.0.2.77" "lookup  iif cl0 from $CLIENT to $FAR: dev nvi0" "out     up0  192.0.2.9 > $FAR"

echo '# dropped by a filter'
must iptables -A FORWARD -p udp --dport 9 -j DROP
must ip6tables -A FORWARD -p udp --dport 9 -j DROP
for to in "$FAR $CLIENT" "$FAR6 $CLIENT6"; do
	watching ${to% *} from ${to#* } iif cl0 ipproto udp dport 9
	echo x | on client socat - "UDP$(_fam "$to"):$(_host "${to% *}"):8"
	echo x | on client socat - "UDP$(_fam "$to"):$(_host "${to% *}"):9"
	watched "$to: dropped" 1
	in_order "$to: where, why, and which hook" 'predicted: dies: dropped by filter FORWARD' 'in      cl0' 'iif cl0' 'dev nvi0' \
		'dropped in n' 'seen: dropped in n' '(NETFILTER_DROP), hook FORWARD' 'as predicted'
done
at_least 'the function is one of netfilter' "$(grep -cE '^seen: dropped in (nf_hook_slow|nft_do_chain) ' /run/out)" 1
watching $FAR from $CLIENT iif cl0 ipproto udp dport 9 -j
echo x | on client socat - UDP4:$FAR:9
watched 'JSON' 1
cat /run/out >>/run/json
says 'JSON' "$(cat /run/out)" '{"predicted":{"verdict":"dies"' '"seen":"dies"' '"agrees":true' '"drop_reason":"NETFILTER_DROP"' \
	'"hook":"FORWARD"' '{"hop":"in","certain":true,"dev":"cl0"' '"hop":"lookup","certain":false,"iif":"cl0","dev":"nvi0"' '"ended":"count"' '"lost":0'
# What dies before the first lookup
must iptables -t raw -A PREROUTING -i cl0 -p udp --dport 10 -j DROP
watching $FAR from $CLIENT iif cl0 ipproto udp dport 10
echo x | on client socat - UDP4:$FAR:10
watched 'raw' 1
in_order 'before any lookup' 'in      cl0' '(NETFILTER_DROP), hook PREROUTING' 'as predicted'
refute 'and there was none' grep lookup /run/out

# What nftables' own trace adds, where the box has it on
must nft add chain inet t pre '{ type filter hook prerouting priority -400; }'
must nft add rule inet t pre udp dport 13 meta nftrace set 1
must nft add chain inet t forw '{ type filter hook forward priority 0; }'
must nft add rule inet t forw udp dport 13 drop
watching $FAR from $CLIENT iif cl0 ipproto udp dport 13
echo x | on client socat - UDP4:$FAR:13
watched 'nftrace' 1
in_order 'nftrace: its rules, and the chain' 'nft     inet t pre, rule handle' 'inet t pre, the policy: accept' 'nft     inet t forw, rule handle' ': drop' \
	'hook FORWARD, nft inet t forw' 'as predicted'

echo '# what was not predicted'
must iptables -A FORWARD -p udp --dport 11 -m ttl --ttl-gt 5 -j DROP
watching $FAR from $CLIENT iif cl0 ipproto udp dport 11
echo x | on client socat - UDP4:$FAR:11
watched 'unknown' 1
in_order 'unknown, and seen' 'predicted: unknown' 'seen: dropped in n' 'hook FORWARD' 'the prediction was unknown'
must tc qdisc add dev up0 clsact
must tc filter add dev up0 egress protocol ip u32 match ip protocol 17 0xff match ip dport 12 0xffff action drop
hidden=$(sysctl -n kernel.kptr_restrict)
must sysctl -qw kernel.kptr_restrict=2
watching $FAR from $CLIENT iif cl0 ipproto udp dport 12
echo x | on client socat - UDP4:$FAR:12
watched 'tc' 1
must sysctl -qw kernel.kptr_restrict=$hidden
in_order 'tc drops, where nobody has looked' 'predicted: leaves by up0' 'device up0' '(TC_EGRESS)' 'NOT as predicted' \
	'hides the names'
watching $FAR from $CLIENT iif cl0 ipproto udp dport 12 -j
echo x | on client socat - UDP4:$FAR:12
watched 'the same again' 1
cat /run/out >>/run/json
says 'and as JSON' "$(cat /run/out)" '"verdict":"leaves"' '"seen":"dies"' '"agrees":false'

echo '# of the box, sent by itself'
unhole-path watch $FAR ipproto udp dport 7 --send >/run/out
is 'udp: exit status' $? 0
in_order 'udp' 'predicted: leaves by up0' "to $FAR: dev up0" "out     up0  $BOX > $FAR" 'seen: leaves by up0' 'as predicted'
unhole-path watch $FAR6 from $BOX6 ipproto tcp dport 7 tos 8 mark 3 --send >/run/out
is 'tcp, IPv6: exit status' $? 0
in_order 'tcp, IPv6: with its mark' "out     up0  $BOX6 > $FAR6 mark 0x3" 'seen: leaves by up0' 'as predicted'
must iptables -t nat -A OUTPUT -p udp -d 192.0.2.78 -j DNAT --to-destination $FAR:17
must iptables -t nat -A POSTROUTING -o up0 -p udp --dport 17 -j SNAT --to-source 192.0.2.9:1700
unhole-path watch 192.0.2.78 from $BOX ipproto udp dport 7 sport 70 --send >/run/out
is 'own NAT: exit status' $? 0
in_order 'what NAT had changed when it was first seen' "to 192.0.2.78" "to $FAR: dev up0" "out     up0  192.0.2.9 > $FAR" 'seen: leaves by up0' 'as predicted'
must iptables -A OUTPUT -p icmp -m owner --uid-owner 1000 -j DROP
unhole-path watch $FAR ipproto icmp uid 1000 --send >/run/out
is 'icmp, of a user: exit status' $? 1
in_order 'it is his' 'predicted: dies' "to $FAR: dev up0" '(NETFILTER_DROP), hook OUTPUT' 'as predicted'
unhole-path -j watch $FAR ipproto icmp uid 1001 --send >/run/out 2>/dev/null
is 'and not of another' $? 0
cat /run/out >>/run/json
must iptables -F OUTPUT
must ip route add unreachable 198.18.44.0/24
unhole-path watch 198.18.44.4 ipproto udp dport 7 --send >/run/out
is 'no route: exit status' $? 1
in_order 'no route: what the kernel says' 'predicted: dies' 'seen: refused to who sends it: No route to host' 'as predicted'
unhole-path -j watch 198.18.44.4 ipproto udp dport 7 --send 2>/dev/null >>/run/json
unhole-path watch $BOXCL ipproto icmp --send >/run/out
is 'to itself: exit status' $? 1
in_order 'to itself' 'predicted: stays' 'out     lo' 'in      lo' 'seen: delivered here' 'as predicted'

echo '# of another namespace, of another device'
watching $FAR ipproto icmp --time 1
check 'a client pings through the box' pings client 1 $FAR
watched 'not of the box' 3
says 'it says so' "$(cat /run/out)" 'seen: no such packet in this time'
refute 'no hop' grep -E '^  ' /run/out
watching -j $FAR ipproto icmp --time 1
watched 'nothing, as JSON' 3
cat /run/out >>/run/json
says 'nothing, as JSON' "$(cat /run/out)" '"packets":[]' '"ended":"time"'

echo '# names that bite'
bite=$(printf 'u"\\\033[31m')
wire box up9 198.18.9.1/24 peer eth9 198.18.9.2/24
must ip link set up9 down
must ip link set up9 name "$bite"
must ip link set "$bite" up
unhole-path watch 198.18.9.2 ipproto udp dport 7 --send >/run/out
is 'a strange device: exit status' $? 0
is 'nothing that a terminal obeys' "$(tail -n +2 /run/out | grep -c "$(printf '\033')")" 0
unhole-path -j watch 198.18.9.2 ipproto udp dport 7 --send 2>/dev/null >>/run/json

echo '# a flood'
must ip route add 198.18.55.0/24 dev lo table 50
must iptables -t nat -F
must sysctl -qw net.ipv4.conf.lo.forwarding=1
must ip rule add iif lo to 198.18.55.0/24 lookup 50 pref 10
watching 198.18.55.5 from $CLIENT iif cl0
on client ping -n -q -c 1 -W 1 198.18.55.5 >/dev/null
watched 'what circles until its TTL is gone' 1
in_order 'it is cut short' 'out     lo' 'in      lo' 'out     lo' '... and ' 'dropped' 'seen: dropped in ip_forward'
watching 198.18.55.5 from $CLIENT iif cl0 --count 12 --time 3
kill -STOP $pid
on client ping -n -q -f -c 12 -W 1 198.18.55.5 >/dev/null
kill -CONT $pid
wait $pid
at_least 'what did not fit is counted' "$(sed -n 's/^note: \([0-9]*\) events were lost.*/\1/p' /run/out)" 1
at_most 'so many packets and no more' "$(grep -c '^packet' /run/out)" 12

echo '# killed'
must ip rule del pref 10
state >/run/before
is 'programs while it runs' "$(
	watching $FAR --time 60
	programs >/run/running
	kill -KILL $pid
	wait $pid
	[ "$(cat /run/running)" -ge $(($(tail -n 1 /run/before) + 6)) ] && echo there
)" there
watching $FAR --time 60
kill -TERM $pid
watched 'ended by a signal' 3
says 'ended by a signal' "$(cat /run/out)" 'until it was stopped'
wait_for 20 gone
check 'nothing of it is left' same

echo '# what cannot be'
bad() {
	_w=$1 _s=$2
	shift 2
	"$@" >/dev/null 2>/run/err
	is "$_w: exit status" $? "$_s"
	says "$_w: it says why" "$(cat /run/err)" "$_w"
}
bad 'be root of the machine' 3 setpriv --reuid=65534 --clear-groups unhole-path watch $FAR
bad 'be root of the machine' 3 unprivileged unhole-path watch 127.0.0.1
bad 'CONFIG_DEBUG_INFO_BTF' 3 unshare -m sh -c "mount -t tmpfs none /sys/kernel/btf && exec unhole-path watch $FAR"
bad 'sent at its far end' 2 unhole-path watch $FAR from $CLIENT iif cl0 --send
bad 'wants ipproto' 2 unhole-path watch $FAR --send
bad 'dport N' 2 unhole-path watch $FAR ipproto udp --send
bad 'are for watch' 2 unhole-path $FAR --count 2
bad 'up to 100' 2 unhole-path watch $FAR --count 101
bad 'from 1 up' 2 unhole-path watch $FAR --time 0
bad 'cannot send: the source' 3 unhole-path watch $FAR from 198.18.1.1 ipproto udp dport 7 --send
