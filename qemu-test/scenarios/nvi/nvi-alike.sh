# SPDX-License-Identifier: GPL-2.0-only
# The same packets by plain forwarding and through nvi0, in one box: what comes out,
# where, with which errors, counters, marks and priorities is compared, row by row.
# Python does that (guest/alike.py, which knows what a packet can be). nvi-alike-ipv6
# sources this file.
#
# A row: a name, what is set up for it, packets, options, and, where the two must
# differ, in what and why: nvi(8) has to say that in these words. Everything that a
# row sets up is taken back behind it.
# patches: none
# claims: L10
# timeout: 600
# weight: 110
# shellcheck disable=SC2153 # family's variables
: "${F:=4}"
family "$F"
export F
host far
on far sysctl -qw net.ipv6.conf.default.disable_ipv6=1
on far sysctl -qw net.ipv6.conf.all.disable_ipv6=1
if [ "$F" = 4 ]; then
	BOX1=192.0.3.1 BOXMK=192.0.4.1 CLNET=198.51.100.0/24 NEAR=198.51.100.3
	PEER1=192.0.3.2 MK=192.0.4.2 MARK=192.0.4.9 BOXCL=198.51.100.1 CLGW=198.51.100.2
	FARNET=203.0.113.0/24 BITS=28 BIG=1460 IN=ip PORTS=$BOX:5000
else
	BOX1=2001:db8:4::1 BOXMK=2001:db8:5::1 CLNET=2001:db8:1::/64 NEAR=2001:db8:1::3
	PEER1=2001:db8:4::2 MK=2001:db8:5::2 MARK=2001:db8:5::9 CLGW=2001:db8:1::2
	FARNET=2001:db8:3::/64 BITS=124 BIG=1440 IN=ip6 PORTS=[$BOX]:5000
fi
wire box cl0 $BOXCL/$BITS far fcl0 -
wire box up0 $BOX/$BITS far fup0 -
wire box up1 $BOX1/$BITS far fup1 -
wire box mk0 $BOXMK/$BITS far fmk0 -
# Clients may leave checksums and segments to the box.
must on far ethtool -K fcl0 tx on sg on tso on gso on >/dev/null
nvi nvi0
must sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 net.ipv6.auto_flowlabels=0
must sysctl -qw net.ipv4.icmp_ratemask=0 net.ipv6.icmp.ratemask=
must sysctl -qw net.ipv4.conf.mk0.send_redirects=0

# Back to this before each row. Nobody answers ARP: addresses of hosts are known, and
# are not those of the far ends, whose stack so takes nothing.
cat >/run/base <<-END
	rule flush
	rule add pref 32766 lookup main
	rule add pref 1 iif mk0 lookup 51
	rule add pref 1 iif nvi0 to $MARK lookup 52
	rule add pref 10 lookup 60
	xfrm policy flush
	xfrm state flush
	route flush table 60
	route flush table 61
	route flush table 62
	route replace default dev nvi0 table 50
	route replace default dev nvi0 table 51
	route replace $MARK via $MK dev mk0 table 52
	route replace $CLNET via $CLGW dev cl0
	route replace $FARNET via $PEER dev up0
	route flush cache
	neigh replace $CLGW dev cl0 lladdr 02:00:00:00:00:0c nud permanent
	neigh replace $NEAR dev cl0 lladdr 02:00:00:00:00:0d nud permanent
	neigh replace $PEER dev up0 lladdr 02:00:00:00:00:02 nud permanent
	neigh replace $PEER1 dev up1 lladdr 02:00:00:00:00:03 nud permanent
	neigh replace $MK dev mk0 lladdr 02:00:00:00:00:04 nud permanent
END
only() { [ "$F" = "$1" ]; }
only 4 || echo 'neigh replace fe80::1234 dev cl0 lladdr 02:00:00:00:00:0c nud permanent' >>/run/base
cat >/run/base.nft <<-'END'
	table inet alike_row
	delete table inet alike_row
	table inet alike_ct
	delete table inet alike_ct
END
# What FORWARD and POSTROUTING see, but for the way into nvi0 and the markers.
for hook in forward postrouting; do
	cat <<-END
		table inet alike {
			set seen_$hook { typeof meta iifname . meta oifname . meta mark . meta priority . rt classid; size 4096; flags dynamic; }
			chain $hook {
				type filter hook $hook priority 10
				oifname { "nvi0", "mk0" } return
				ip daddr 224.0.0.0/4 return
				ip6 daddr ff02::/16 return
				update @seen_$hook { meta iifname . meta oifname . meta mark . meta priority . rt classid counter }
			}
		}
	END
done >/run/alike.nft
must nft -f /run/alike.nft
SAVED='' NFT=1 LINKS=1 PREQUEUE=1
reset() {
	ip -$F -force -batch /run/base >/run/reset.err 2>&1
	[ -z "$NFT" ] || nft -f /run/base.nft
	[ -z "$LINKS" ] || { ip link set up0 mtu 1500; ip link del t0; ethtool -K up0 tx off tso off; tc qdisc del dev up0 root; ip -$F nexthop flush; } >/dev/null 2>&1
	for _s in $SAVED; do echo "${_s#*=}" >"${_s%%=*}"; done
	[ "$PREQUEUE" = 1 ] || prequeue 1
	SAVED='' NFT='' LINKS=''
}

# --- what rows are set up with -------------------------------------------------

# sys FILE VALUE: a sysctl, below /proc/sys/net.
sys() {
	read -r _v <"/proc/sys/net/$1"
	SAVED="/proc/sys/net/$1=$_v $SAVED"
	echo "$2" >"/proc/sys/net/$1"
}
# prequeue N: net.core.netdev_tstamp_prequeue. It is the machine's, and only the initial
# namespace shows it.
prequeue() { PREQUEUE=$1; nsenter --net=/unhole/init-netns sysctl -qw net.core.netdev_tstamp_prequeue="$1"; }
# ips LINE...: lines for ip.
ips() { printf '%s\n' "$@" >/run/ips; ip -$F -batch /run/ips; }
# table: of nftables, on stdin.
table() { NFT=1; nft -f -; }
# nat ADDRESS: of the client's packets, plainly and by nvi0.
nat() {
	table <<-END
		table inet alike_row { chain cnat {
			type nat hook postrouting priority srcnat
			oifname { "nvi0", "up0", "up1" } iifname "cl0" ${2-} snat $IN to $1
		}; }
	END
}
# track: what conntrack thinks of packets in FORWARD; for rows with the option ct.
track() {
	table <<-'END'
		table inet alike_ct {
			set states { typeof meta iifname . ct state . ct mark . ct direction; size 4096; flags dynamic; }
			chain forward {
				type filter hook forward priority 10
				oifname { "nvi0", "mk0" } return
				update @states { meta iifname . ct state . ct mark . ct direction counter }
			}
		}
	END
}
# rule HOOK PRIORITY RULE: a rule of nftables.
rule() {
	NFT=1 # table's own is lost behind a pipe
	echo "table inet alike_row { chain c$1$(($2 + 1000)) { type filter hook $1 priority $2; $3; }; }" | table
}

# In short. VIA0 and VIA1: the way to hosts by either uplink. S4: where only IPv4 has a
# sysctl. other PREFERENCE RULE: it leads to up1.
VIA0="$FARNET via $PEER dev up0" VIA1="$FARNET via $PEER1 dev up1"
other() { ips "rule add pref 9 $1 lookup 61" "route add $VIA1 table 61"; }
# paths POLICY [WEIGHT]: of the sysctl fib_multipath_hash_policy, over two uplinks.
paths() {
	sys ipv$F/fib_multipath_hash_policy "$1"
	ips "route add $FARNET table 60 nexthop via $PEER dev up0 weight ${2:-1} nexthop via $PEER1 dev up1"
}
# hops GROUP...: the same by a group of next hops.
hops() {
	LINKS=1
	ips "nexthop add id 1 via $PEER dev up0" "nexthop add id 2 via $PEER1 dev up1" &&
		ip nexthop add id 9 group "$@" && ips "route add $FARNET nhid 9 table 60"
}
# link KIND OPTIONS...: a tunnel t0, which hosts are behind.
link() { LINKS=1; ip link add t0 type "$@" && ip link set t0 up && ips "route add $FARNET dev t0 table 60"; }
# policy DIR SELECTOR...: of IPsec. esp SRC DST MODE SELECTOR...: that and a state, with no
# encryption to look through.
policy() { _dir=$1; shift; ip xfrm policy add dir "$_dir" "$@"; }
esp() {
	_s=$1 _d=$2 _m=$3
	shift 3
	policy out "$@" tmpl src "$_s" dst "$_d" proto esp mode "$_m" &&
		ip xfrm state add src "$_s" dst "$_d" proto esp spi 0x100 mode "$_m" \
			auth-trunc digest_null '' 0 enc ecb\(cipher_null\) '' ${IFID-}
}
modprobe -aq esp4 esp6 xfrm_user xfrm_interface crypto_null sch_fq sch_tbf ipip ip_gre ip6_tunnel ip6_gre mpls_iptunnel nf_conntrack_netlink
# A key manager that never answers.
ip xfrm monitor acquire >/dev/null 2>&1 &

mkfifo /run/alike.in /run/alike.out
python3 -u /unhole/alike.py $F </run/alike.in >/run/alike.out 2>/run/alike.err &
exec 8>/run/alike.in 9</run/alike.out
ask() {
	printf '%s\t%s\t%s\t%s\t%s\n' "$1" "$2" "$4" "$3" "$5" >&8
	while :; do
		read -r _line <&9 || { not_ok "$2: alike.py has gone: $(tail -n 3 /run/alike.err)"; finish; }
		case $_line in
		.) break ;;
		'not ok '*) not_ok "${_line#not ok }" ;;
		*) echo "$_line" ;;
		esac
	done
}
# prepare PACKETS [OPTIONS]: sent plainly, as part of a row's set-up.
prepare() { ask prepare - "$1" "${2-}" ''; }
# row NAME SET-UP PACKETS [OPTIONS [DIFFERS]]. ROWS: a regular expression of names, for
# a look at some.
row() {
	[ -z "${ROWS-}" ] || echo "$1" | grep -Eq "$ROWS" || return 0
	reset
	eval "$2" >/run/row.out 2>&1 || { not_ok "$1: set-up: $(tail -n 2 /run/row.out | tr '\n' ' ')"; return; }
	ask row "$1" "$3" "${4-}" "${5-}"
}

# --- what must differ --------------------------------------------------------------

# The manual page says each of these (make check looks, too).
# In general: packets are sent with a TTL one higher through nvi0, the way into it is not
# compared, nor are the counters of what goes by, nor FORWARD for the box's own packets.
for difference in \
	"The TTL of a client's packet is lowered twice" \
	'FORWARD and POSTROUTING are crossed once for each lookup' \
	"The machine's own packets cross FORWARD" \
	'What is forwarded is counted once for each lookup' \
	'What is received on the nvi device'; do
	ask says - "$difference" '' ''
done
AGAIN='counters:What conntrack has reassembled is fragmented and reassembled once for each lookup' AGAIN_CT=$AGAIN
only 4 || AGAIN='forwarding,postrouting:what conntrack has reassembled crosses the second FORWARD as fragments' AGAIN_CT="states,$AGAIN"
ITSOWN='What the machine has encapsulated (IPsec, tunnels) is its own'
WRITTEN='Options that routers write into are written once for each lookup, and with the address of the interface that the packet came in by'
ROUTED='What an error quotes of a source route is as the first lookup has left it'
QUOTED='What an error quotes of a packet has the checksum that SNAT has made'
NOBODY='Rules by uidrange see no sender on the second lookup'
HEARD="The machine's own sockets hear by ICMP what the second lookup refuses"

# --- forwarding as such ---------------------------------------------------------

row 'UDP' : 'udp; udp len=0; udp len=1400; udp sport=7 dport=9'
row 'TCP' : 'tcp flags=2; tcp flags=16 len=100; tcp flags=4'
row 'ICMP echo' : 'icmp; icmp len=1400'
row 'unknown protocols' : 'raw proto=253 len=40; raw proto=132 len=40; raw proto=50 len=40; raw proto=59 len=0'
row 'UDP with no checksum' : 'udp csum=zero'
row 'bad checksums' : 'udp csum=bad; tcp csum=bad; icmp csum=bad'
row 'partial checksums' : 'udp csum=partial; tcp csum=partial len=77; udp csum=partial len=33'
row 'partial checksums, left to the uplink' 'LINKS=1; ethtool -K up0 tx on' 'udp csum=partial; tcp csum=partial len=77; udp'
row 'GSO, segmented by the box' : 'tcp flags=16 csum=partial gso=1000 len=4500'
row 'GSO, left to the uplink' 'LINKS=1; ethtool -K up0 tx on sg on tso on' 'tcp flags=16 csum=partial gso=1000 len=4500'
row 'GSO, segments too big, DF' "ips 'route add $VIA0 mtu 1300 table 60'" 'tcp flags=16 csum=partial gso=1400 len=4500 df; tcp flags=16 csum=partial gso=1200 len=4500 df'
only 6 || row 'GSO, segments too big' "ips 'route add $VIA0 mtu 1300 table 60'" 'tcp flags=16 csum=partial gso=1400 len=4500'
row 'TOS and flow label are kept' : 'udp tos=0x10; udp tos=0xb8; udp tos=0x03; udp tos=0xff flow=0x12345'
row 'TTL 1' : 'udp ttl=1; tcp ttl=1; icmp ttl=1' reasons
row 'TTL 2' : 'udp ttl=2'
row 'the priority by TOS' : 'udp tos=0x10; udp tos=0xb8; udp tos=0x08'
row 'no priority by TOS' 'sys ipv4/ip_forward_update_priority 0' 'udp tos=0x10; udp tos=0xb8; udp tos=0x08'
row 'a priority that was set before' "sys ipv4/ip_forward_update_priority 0; rule prerouting 0 'meta priority set 0x10005'" 'udp tos=0x10; udp'
row 'a mark stays' "rule prerouting 0 'meta mark set 0x33'" 'udp; tcp'
row 'fair queueing: no time of departure' 'LINKS=1; tc qdisc add dev up0 root fq' 'udp; tcp len=100'
# ... nor of arrival, which alike.py has asked for, at nvi0 neither.
[ "$F" = 4 ] && OPTIONS='udp opts=01010101' || OPTIONS='udp ext=0:'
row 'fair queueing: what comes in by nvi0 is stamped again' 'LINKS=1; tc qdisc add dev up0 root fq; prequeue 0' "$OPTIONS" rx
# In IPv6 they go a little later: nvi-bounds.
only 6 || row 'neighbours' : 'udp flows=32 dsts' 'neigh'

only 6 || row 'a redirect' "ips 'route add $FARNET via $CLGW dev cl0 table 60'" 'udp src=near' once 'cl0,counters,postrouting:No redirects are sent'

# --- MTU ---------------------------------------------------------------------------

row 'MTU of the route, DF' "ips 'route add $VIA0 mtu 1300 table 60'" 'udp len=1400 df; udp len=1200 df' reasons
row 'MTU of the route' "ips 'route add $VIA0 mtu 1300 table 60'" 'udp len=1400; udp len=1200'
row 'MTU of the route, locked, DF' "ips 'route add $VIA0 mtu lock 1300 table 60'" 'udp len=1400 df; udp len=1200 df'
row 'MTU of the route, locked' "ips 'route add $VIA0 mtu lock 1300 table 60'" 'udp len=1400'
row 'MTU of the device, DF' 'LINKS=1; ip link set up0 mtu 1400' 'udp len=1390 df; udp len=1200 df' reasons
row 'MTU of the device' 'LINKS=1; ip link set up0 mtu 1400' 'udp len=1390; icmp len=1390'
PTB='3,4,1300'
only 4 || PTB='2,0,1300'
learned() { prepare "usock src=box len=1400 sport=999; error is=$PTB" own; }
row 'a path MTU that was learned' learned 'udp len=1350 df; udp len=1350'
only 6 || row 'the same with ip_forward_use_pmtu' "sys ipv4/ip_forward_use_pmtu 1; learned" 'udp len=1350 df; udp len=1350' '' "cl0,up0,counters,forwarding,postrouting:net.ipv4.ip_forward_use_pmtu has no effect"

# --- routes and rules ------------------------------------------------------------

row 'no route' "ips 'route del $FARNET'" 'udp' 'once reasons'
for kind in prohibit unreachable blackhole; do
	row "route: $kind" "ips 'route add $kind $FARNET table 60'" 'udp' 'once reasons silent'
	row "rule: $kind" "ips 'rule add pref 9 to $FARNET $kind'" 'udp' 'once reasons silent'
done
row 'route: throw' "ips 'route add throw $FARNET table 60'" 'udp'
row 'rule by TOS 0x10' "other 'tos 0x10'" 'udp tos=0x10; udp; udp tos=0x12; udp tos=0x14'
row 'rule by TOS 0x10, DSCP beyond it' "other 'tos 0x10'" 'udp tos=0x30; udp tos=0xb0; udp tos=0x10'
only 6 || row 'route by TOS 0x10' "ips 'route add $FARNET tos 0x10 via $PEER1 dev up1 table 60' 'route add $VIA0 table 60'" 'udp tos=0x10; udp; udp tos=0x30; udp tos=0x14'
row 'rule by mark' "other 'fwmark 0x33'; rule prerouting 0 'th dport 2000 meta mark set 0x33'" 'udp; udp dport=9; udp'
row 'rule by source' "other 'from $CLNET'" 'udp; udp src=spoof'
row 'rule by destination port' "other 'ipproto udp dport 2000'" 'udp; udp dport=9; tcp; udp len=1400 frag=512; udp' rx
row 'rule by source port' "other 'sport 1000-1003'" 'udp; udp sport=1007; tcp; tcp sport=1008'
row 'rule by protocol' "other 'ipproto tcp'" 'udp; tcp; icmp; udp'
row 'rule by uid 0' "other 'uidrange 0-0'" 'udp'
row 'rule by uid 1000' "other 'uidrange 1000-1000'" 'udp'
row 'a rule that suppresses default routes' "ips 'route del $FARNET' 'route add default via $PEER dev up0' 'rule add pref 9 lookup main suppress_prefixlength 0' 'route add $VIA1 table 60'; ips 'route del default'" 'udp'
row 'a rule with goto' "ips 'rule add pref 20 lookup main' 'rule add pref 9 goto 20' 'route add $VIA1 table 60'" 'udp'
if only 4; then
	row 'realm of the route' "ips 'route add $VIA0 realm 5 table 60'" 'udp'
	row 'realms of a rule' "ips 'rule add pref 9 from $CLNET realms 6/7 lookup main'" 'udp'
	row 'realm of the source' "ips 'route replace $CLNET via $CLGW dev cl0 realm 3' 'route add $VIA0 realm 5 table 60'" 'udp'
	for rp in 0 1 2; do
		row "rp_filter $rp" "sys ipv4/conf/all/rp_filter $rp" 'udp; udp src=spoof; udp src=10.9.9.9' "$([ $rp = 0 ] || echo reasons)"
	done
	row 'log_martians, a spoofed source' 'sys ipv4/conf/all/rp_filter 1; sys ipv4/conf/all/log_martians 1' 'udp; udp src=box'
	row 'addresses that no router forwards' "ips 'route add default via $PEER dev up0 table 60'" 'udp dst=mcast; udp dst=bcast; udp dst=classe; udp dst=zero; udp src=loop; udp src=mcast; udp src=bcast; udp src=zero; udp src=classe; udp src=box' 'once silent'
else
	row 'addresses that no router forwards' "ips 'route add default via $PEER dev up0 table 60'" 'udp dst=mcast; udp dst=loop; udp src=loop; udp src=mcast; udp src=zero; udp dst=mapped; udp src=mapped; udp src=box' 'once silent'
	row 'to the unspecified address' "ips 'route add default via $PEER dev up0 table 60'" 'udp dst=zero' 'once' 'up0,forwarding,postrouting:A packet to the unspecified address of IPv6 is dropped'
	row 'addresses of a link' "ips 'route add default via $PEER dev up0 table 60'" 'udp src=link; udp dst=link; udp dst=mlink' 'once silent early'
fi

# --- several next hops ------------------------------------------------------------

FLOWS='udp flows=24; tcp flows=24 sport=3000; icmp flows=3; udp flows=24 dsts; udp flows=3 flow=0x12345; raw proto=253'
# From 6.11 on the kernel's hash of IPv4 takes in a number of its own: see nvi(8).
ecmp() { only 6 || [ ! -e /proc/sys/net/ipv4/fib_multipath_hash_seed ] || return 0; row "$@"; }
for hash in 0 1 2 3; do
	ecmp "ECMP, hash policy $hash" "paths $hash" "$FLOWS"
done
ecmp 'ECMP, by source port and protocol' "sys ipv$F/fib_multipath_hash_fields 0x14; paths 3" "$FLOWS"
ecmp 'ECMP, weights' 'paths 1 5' "$FLOWS"
ecmp 'ECMP, fragments' 'paths 1' 'udp flows=6 len=1000 frag=512' rx
ecmp 'a group of next hops' "sys ipv$F/fib_multipath_hash_policy 1; hops 1/2" "$FLOWS"
ecmp 'a group of next hops, weights' "sys ipv$F/fib_multipath_hash_policy 1; hops 1,4/2" "$FLOWS"
ecmp 'a resilient group' "sys ipv$F/fib_multipath_hash_policy 1; hops 1/2 type resilient buckets 8" "$FLOWS"
row 'one next hop, by its number' "LINKS=1; ips 'nexthop add id 1 via $PEER1 dev up1' 'route add $FARNET nhid 1 table 60'" 'udp; tcp'
row 'a next hop that is a blackhole' "LINKS=1; ips 'nexthop add id 1 blackhole' 'route add $FARNET nhid 1 table 60'" 'udp' 'once silent'

# --- headers -------------------------------------------------------------------------

if only 4; then
	row 'options: no operation' : 'udp opts=01010101' rx
	row 'options: unknown ones' : 'udp opts=1e0400aa; udp opts=820b0000000000000000aa01; udp opts=88041234' rx
	row 'options: router alert' : 'udp opts=94040000' rx
	row 'options: route recorded' : 'udp opts=070b04000000000000000000; udp opts=070704000000000000' rx "up0:$WRITTEN"
	row 'options: timestamps for others' : 'udp opts=440c0503cb00710900000000' rx
	row 'options: bad ones' : 'udp opts=4403; udp opts=07ff0400; udp opts=070b03000000000000000000' 'early once'
	row 'source routes are refused' : 'udp dst=boxcl opts=830704cb007107' 'early once silent'
	SRR='sys ipv4/conf/all/accept_source_route 1; sys ipv4/conf/cl0/accept_source_route 1'
	row 'a loose source route' "$SRR" 'udp dst=boxcl opts=830704cb007107' rx "up0:$WRITTEN"
	STRICT='udp dst=boxcl opts=890704c0000202'
	row 'a strict source route, on the link' "$SRR" "$STRICT; udp dst=boxcl opts=01820b0000000000000000aa01890704c0000202; udp dst=boxcl opts=890b04c0000202cb007107" '' "up0:$WRITTEN"
	row 'a strict source route, not on the link' "$SRR" 'udp dst=boxcl opts=890704cb007107' reasons "cl0:$ROUTED"
	row 'a strict source route and MTU' "$SRR; ips 'route add 192.0.2.2 dev up0 mtu 600 table 60'" "$STRICT len=1000; $STRICT len=1000 df" '' "up0,cl0:$ROUTED"
	row 'a strict source route, FORWARD rejects' "$SRR; rule forward 0 'oifname \"up0\" reject with icmpx admin-prohibited'" "$STRICT csum=zero" '' "cl0:$ROUTED"
	row 'a strict source route, fragments' "$SRR" "$STRICT len=1000 frag=512" once "up0,counters,forwarding,postrouting:A strict source route is refused in what comes in by the nvi device"
	row 'options and TTL 1' : 'udp opts=01010101 ttl=1; udp opts=94040000 ttl=1' 'rx2'
	row 'options and MTU' "ips 'route add $VIA0 mtu 1300 table 60'" 'udp opts=01010101 len=1400 df; udp opts=01010101 len=1400' rx
	row 'a header with a bad checksum' : 'udp badhdr' 'early reasons'
	row 'a packet that is cut short' : 'udp len=100 cut=60' 'early reasons'
else
	row 'hop by hop: padding' : 'udp ext=0:' rx
	row 'hop by hop: router alert' : 'udp ext=0:05020000' rx
	row 'hop by hop: unknown, to be skipped' : 'udp ext=0:1e0401020304' rx
	row 'hop by hop: unknown, to be dropped' : 'udp ext=0:5e0401020304; udp ext=0:9e0401020304' 'early once'
	row 'hop by hop and hop limit 1' : 'udp ext=0: ttl=1' rx2
	row 'hop by hop and MTU' "ips 'route add $VIA0 mtu 1300 table 60'" 'udp ext=0: len=1400' rx2
	row 'destination options' : 'udp ext=60:1e0401020304; udp ext=60:c20401020304'
	row 'routing headers' : 'udp ext=43:040000000000; udp ext=43:020100000000000020010db8000000000000000000000009; udp ext=43:000100000000'
	row 'several headers' : 'udp ext=0:05020000,60:1e0401020304,43:040000000000,60:' rx
	row 'a fragment header, and no fragment' : 'udp ext=44:00000000001234' rx
	row 'a packet that is cut short' : 'udp len=100 cut=80' 'early reasons'
fi
row 'fragments' : 'udp len=1500 frag=512' rx
row 'the first fragment' : 'udp len=1500 frag=512 pick=first' rx
row 'later fragments' : 'udp len=1500 frag=512 pick=later' rx
row 'fragments, the last one first' : 'udp len=1500 frag=512 pick=back' rx
row 'fragments that overlap' : 'udp len=1500 frag=512 pick=over' rx
row 'fragments and TTL 1' : 'udp len=1500 frag=512 ttl=1 pick=first' rx2
row 'fragments and MTU' "ips 'route add $VIA0 mtu 1290 table 60'" 'udp len=2700 frag=1328; udp len=2700 frag=1200' rx

# --- IPsec -----------------------------------------------------------------------------
# With "dev up0" a policy is the second pass's alone; else the first pass has it, too.

row 'IPsec: forwarding is blocked' "policy fwd src $CLNET dst $FARNET action block" 'udp' 'early reasons'
row 'IPsec: forwarding to the uplink is blocked' "policy fwd src $CLNET dst $FARNET dev up0 action block" 'udp' reasons
row 'IPsec: forwarding wants ESP' "policy fwd src $CLNET dst $FARNET dev up0 tmpl proto esp mode transport" 'udp' reasons
row 'IPsec: blocked' "policy out src $CLNET dst $FARNET dev up0 action block" 'udp' reasons
row 'IPsec: allowed' "policy out src $CLNET dst $FARNET action allow" 'udp'
row 'IPsec: no state, packets are queued' "sys core/xfrm_larval_drop 0; policy out src $CLNET dst $FARNET dev up0 tmpl src $BOX dst $PEER proto esp mode tunnel" 'udp; icmp' silent
row 'IPsec: no state, packets are dropped' "sys core/xfrm_larval_drop 1; policy out src $CLNET dst $FARNET dev up0 tmpl src $BOX dst $PEER proto esp mode tunnel" 'udp; icmp' 'silent reasons'
row 'IPsec: tunnel, second pass' "esp $BOX $PEER tunnel src $CLNET dst $FARNET dev up0" 'udp; tcp len=100; icmp'
row 'IPsec: tunnel' "esp $BOX $PEER tunnel src $CLNET dst $FARNET" 'udp; tcp len=100; icmp' early
row 'IPsec: tunnel, too big, DF' "esp $BOX $PEER tunnel src $CLNET dst $FARNET dev up0" "udp len=$BIG df"
row 'IPsec: tunnel, too big' "esp $BOX $PEER tunnel src $CLNET dst $FARNET dev up0" "udp len=$BIG"
row 'IPsec: transport, second pass' "esp $NEAR $FAR transport src $NEAR dst $FAR dev up0" 'udp src=near'
row 'IPsec: transport' "esp $NEAR $FAR transport src $NEAR dst $FAR" 'udp src=near' '' "forwarding,postrouting:$ITSOWN"
row 'IPsec: an xfrm interface' "IFID='if_id 7'; link xfrm dev up0 if_id 7 && esp $BOX $PEER tunnel src $CLNET dst $FARNET if_id 7; IFID=" 'udp; tcp len=100; icmp'
row 'IPsec: forwarding is blocked, disable_policy' "sys ipv$F/conf/cl0/disable_policy 1; sys ipv$F/conf/nvi0/disable_policy 1; policy fwd src $CLNET dst $FARNET dev up0 action block" 'udp'
only 6 || row 'IPsec: blocked, disable_xfrm' "sys ipv4/conf/up0/disable_xfrm 1; policy out src $CLNET dst $FARNET dev up0 action block" 'udp'

# --- tunnels -----------------------------------------------------------------------------

if only 4; then
	TUNNEL='link ipip' GRE='link gre' OUTER="local $BOX remote $PEER"
	row 'a tunnel whose TOS and TTL are the packet'"'"'s' "link ipip $OUTER ttl inherit tos inherit nopmtudisc" 'udp tos=0x10; udp tos=0x02; udp ttl=5'
else
	TUNNEL='link ip6tnl mode ip6ip6' GRE='link ip6gre' OUTER="local $BOX remote $PEER encaplimit none"
fi
row 'a tunnel' "$TUNNEL $OUTER ttl 64" 'udp; tcp len=100; icmp' newid
row 'a tunnel, too big' "$TUNNEL $OUTER ttl 64" "udp len=$BIG df; udp len=$BIG" newid
row 'a tunnel, GSO' "$TUNNEL $OUTER ttl 64" 'tcp flags=16 csum=partial gso=1000 len=4500' newid
row 'GRE with key and checksum' "$GRE $OUTER ttl 64 key 7 csum" 'udp; tcp len=100' newid
row 'MPLS' "ips 'route add $FARNET encap mpls 100 via inet${F#4} $PEER dev up0 table 60'" 'udp; tcp len=100' rx

# --- netfilter ------------------------------------------------------------------------------

row 'FORWARD drops' "rule forward 0 'oifname \"up0\" drop'" 'udp' 'silent reasons'
row 'FORWARD rejects' "rule forward 0 'oifname \"up0\" reject with icmpx admin-prohibited'" 'udp; icmp'
row 'FORWARD resets' "rule forward 0 'oifname \"up0\" meta l4proto tcp reject with tcp reset'" 'tcp; tcp flags=16 len=10'
row 'FORWARD sets a mark and a priority' "rule forward 0 'oifname \"up0\" meta mark set 7 meta priority set 0x10003'" 'udp'
row 'FORWARD clamps the MSS' "ips 'route add $VIA0 mtu 1300 table 60'; rule forward 0 'oifname \"up0\" tcp flags syn tcp option maxseg size set rt mtu'" 'tcp tcpopts=020405b4'
row 'conntrack: new and established' track 'udp; reply; udp; tcp; reply; tcp flags=16 seq=101 ack=1' 'ct once'
row 'conntrack: invalid' 'track; sys netfilter/nf_conntrack_tcp_loose 0' 'tcp flags=16 len=9; icmp csum=bad' ct
row 'conntrack: untracked' "track; rule prerouting -300 notrack" 'udp' ct
row 'conntrack: its mark' "track; rule prerouting 0 'ct mark set 9'" 'udp; udp' ct
row 'conntrack: fragments' track 'udp len=1500 frag=512; udp len=1500 frag=512 pick=back' 'ct rx' "$AGAIN_CT"
row 'SNAT' "track; nat $BOX" 'udp; reply; tcp; reply; icmp' 'ct once'
row 'SNAT, fragments' "nat $BOX" 'udp len=1500 frag=512; udp len=1500 frag=512 pick=back' 'once rx' "$AGAIN"
row 'SNAT, partial checksums and GSO' "nat $BOX" 'udp csum=partial; tcp flags=16 csum=partial gso=1000 len=4500' once
row 'SNAT, UDP with no checksum' "nat $BOX" 'udp csum=zero' once
row 'SNAT, errors from beyond' "nat $BOX" "udp len=1400 df; error is=$PTB; udp sport=5; error is=$([ $F = 4 ] && echo 3,3,0 || echo 1,4,0)" once
row 'SNAT, TTL 1' "nat $BOX" 'udp ttl=1; tcp ttl=1; icmp ttl=1' once "cl0:$QUOTED"
row 'SNAT, MTU' "nat $BOX; ips 'route add $VIA0 mtu 1300 table 60'" 'udp len=1400 df; tcp len=1400 df' once "$([ $F = 6 ] || echo "cl0:$QUOTED")"
row 'SNAT, prohibit' "nat $BOX; ips 'route add prohibit $FARNET table 60'" 'udp' once "cl0:$QUOTED"
row 'SNAT of ports, from beyond and back' "track; nat $PORTS 'meta l4proto udp'" 'udp; reply; udp' 'ct once'
row 'SNAT of ports, TTL 1: the port that the client knows' "nat $PORTS 'meta l4proto udp'" 'udp ttl=1 dport=2001' 'once ports'
row 'SNAT to a pool' "nat $UP''9" 'udp; icmp' once

# --- the box's own packets -------------------------------------------------------------------

row 'own: raw' : 'udp; tcp; icmp; raw proto=253; udp ttl=1' own
row 'own: UDP' : 'usock; usock tos=0x10 sport=5; usock len=1400 sport=6' own
row 'own: UDP with no checksum' : 'usock nocheck=1' own
row 'own: TCP' : 'tsock; tsock tos=0x10 sport=5' 'own tcp'
row 'own: UDP, too big for the device' : 'usock len=2000 pmtudisc=0' own "postrouting:The machine's own packets are cut into fragments before the second lookup"
row 'own: GSO' 'LINKS=1; ethtool -K up0 tx on' 'usock len=3000 gso=500' own
row 'own: a mark' "other 'fwmark 0x33'" 'usock mark=0x33; usock sport=5' own
row 'own: rule by uid 1000' "other 'uidrange 1000-1000'" 'usock uid=1000; usock sport=5' own "up0,up1,postrouting:$NOBODY"
row 'own: rule by TOS' "other 'tos 0x10'" 'usock tos=0x10; usock sport=5; usock tos=0x30 sport=6' own
row 'own: rule by port' "other 'ipproto udp dport 2000'" 'usock; usock sport=5 dport=9' own
for hash in 0 1; do
	# In IPv6 the first lookup of a socket has no packet to hash.
	only 6 || ecmp "own: ECMP, hash policy $hash" "paths $hash" 'usock sport=11; usock sport=12; usock sport=13; usock sport=14; usock sport=15; usock sport=16; tsock sport=11; tsock sport=12; tsock sport=13; tsock sport=14; tsock sport=15' 'own tcp'
done
row 'own: a priority' 'sys ipv4/ip_forward_update_priority 0' 'usock prio=5; usock prio=5 tos=0x10 sport=5' own
row 'own: stamped when sent' : 'usock stamp' own
row 'own: back pressure' 'LINKS=1; tc qdisc add dev up0 root tbf rate 8kbit burst 2000 limit 10000000' 'usock len=1000 times=200 buf=20000' 'own once only-socket'
only 6 || row 'own, IPsec: transport, second pass' "esp $BOX $FAR transport src $BOX dst $FAR dev up0" 'usock; icmp' own
row 'own, IPsec: transport' "esp $BOX $FAR transport src $BOX dst $FAR" 'usock; icmp' own 'postrouting:FORWARD and POSTROUTING are crossed once for each lookup'
only 6 || row 'own, IPsec: tunnel, second pass' "esp $BOX $PEER tunnel src $BOX dst $FARNET dev up0" 'usock; icmp' own
row 'own, IPsec: tunnel' "esp $BOX $PEER tunnel src $BOX dst $FARNET" 'usock; usock sport=5' 'own early'
only 6 || row 'own, IPsec: no state, packets are queued' "sys core/xfrm_larval_drop 0; policy out src $BOX dst $FARNET dev up0 tmpl src $BOX dst $PEER proto esp mode tunnel" 'usock; icmp' 'own silent'
row 'own: prohibit' "ips 'route add prohibit $FARNET table 60'" usock 'own once' "socket,counters,postrouting:$HEARD"
row 'own: MTU of the route, DF' "ips 'route add $VIA0 mtu 1300 table 60'" 'usock len=1400 pmtudisc=2' 'own once' "socket,counters,postrouting:$HEARD"
reset
