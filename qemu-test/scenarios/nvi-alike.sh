# SPDX-License-Identifier: GPL-2.0-only
# The same packets by plain forwarding and through nvi0, in one box: what comes out,
# where, with which errors, counters, marks and priorities is compared, row by row.
# Python does that (guest/alike.py, which knows what a packet can be). nvi-alike-ipv6
# sources this file.
#
# A row: a name, what is set up for it, packets, options, and, where the two must
# differ, in what and why: nvi(8) has to say that in these words. Everything that a
# row sets up is taken back behind it.
# claims: L10
# kernels: 6.1 6.12 stock
# timeout: 300
# weight: 60
: "${F:=4}"
family "$F"
export F
host far
on far sysctl -qw net.ipv6.conf.default.disable_ipv6=1
on far sysctl -qw net.ipv6.conf.all.disable_ipv6=1
if [ "$F" = 4 ]; then
	BOX1=192.0.3.1 BOXMK=192.0.4.1 CLNET=198.51.100.0/24 NEAR=198.51.100.3
	PEER1=192.0.3.2 MK=192.0.4.2 MARK=192.0.4.9 BOXCL=198.51.100.1 CLGW=198.51.100.2
	FARNET=203.0.113.0/24 BITS=30
else
	BOX1=2001:db8:4::1 BOXMK=2001:db8:5::1 CLNET=2001:db8:1::/64 NEAR=2001:db8:1::3
	PEER1=2001:db8:4::2 MK=2001:db8:5::2 MARK=2001:db8:5::9 CLGW=2001:db8:1::2
	FARNET=2001:db8:3::/64 BITS=126
fi
wire box cl0 $BOXCL/$BITS far fcl0 -
wire box up0 $BOX/$BITS far fup0 -
wire box up1 $BOX1/$BITS far fup1 -
wire box mk0 $BOXMK/$BITS far fmk0 -
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
			set ${hook}ing { typeof meta iifname . meta oifname . meta mark . meta priority . rt classid; size 4096; flags dynamic; }
			chain $hook {
				type filter hook $hook priority 10
				oifname { "nvi0", "mk0" } return
				update @${hook}ing { meta iifname . meta oifname . meta mark . meta priority . rt classid counter }
			}
		}
	END
done >/run/alike.nft
must nft -f /run/alike.nft
SAVED='' NFT=1 LINKS=1
reset() {
	ip -$F -force -batch /run/base >/run/reset.err 2>&1
	[ -z "$NFT" ] || nft -f /run/base.nft
	[ -z "$LINKS" ] || { ip link set up0 mtu 1500; ip link del t0; tc qdisc del dev up0 root; ip -$F nexthop flush; } >/dev/null 2>&1
	for _s in $SAVED; do echo "${_s#*=}" >"${_s%%=*}"; done
	SAVED='' NFT='' LINKS=''
}

# --- what rows are set up with -------------------------------------------------

# sys FILE VALUE: a sysctl, below /proc/sys/net.
sys() {
	read -r _v <"/proc/sys/net/$1"
	SAVED="/proc/sys/net/$1=$_v $SAVED"
	echo "$2" >"/proc/sys/net/$1"
}
# ips LINE...: lines for ip.
ips() { printf '%s\n' "$@" >/run/ips; ip -$F -batch /run/ips; }
# table: of nftables, on stdin.
table() { NFT=1; nft -f -; }
# nat ADDRESS: of the client's packets, plainly and by nvi0.
nat() {
	table <<-END
		table inet alike_row { chain nat {
			type nat hook postrouting priority srcnat
			oifname { "nvi0", "up0", "up1" } iifname "cl0" snat to $1
		} }
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
	echo "table inet alike_row { chain c$1$(($2 + 1000)) { type filter hook $1 priority $2; $3; }; }" | table
}

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

# --- forwarding as such ---------------------------------------------------------

row 'UDP' : 'udp; udp len=0; udp len=1400; udp sport=7 dport=9'
row 'TCP' : 'tcp flags=2; tcp flags=16 len=100; tcp flags=4'
row 'ICMP echo' : 'icmp; icmp len=1400'
row 'an unknown protocol' : 'raw proto=253 len=40; raw proto=132 len=40'
row 'UDP with no checksum' : 'udp csum=zero'
row 'bad checksums of UDP, TCP and ICMP' : 'udp csum=bad; tcp csum=bad; icmp csum=bad'
row 'partial checksums' : 'udp csum=partial; tcp csum=partial len=77; udp csum=partial len=33'
row 'TOS is kept' : 'udp tos=0x10; udp tos=0xb8; udp tos=0x03; udp tos=0xff'
row 'TTL 1' : 'udp ttl=1; tcp ttl=1; icmp ttl=1' reasons
row 'TTL 2' : 'udp ttl=2'
row 'MTU of the route, DF' 'ips "route add $FARNET via $PEER dev up0 mtu 1300 table 60"' 'udp len=1400 df; udp len=1200 df' reasons
row 'MTU of the device, DF' 'LINKS=1; ip link set up0 mtu 1400' 'udp len=1390 df; udp len=1200 df' reasons
row 'no route' 'ips "route del $FARNET"' 'udp' 'once reasons'
row 'prohibit' 'ips "route add prohibit $FARNET table 60"' 'udp' 'once reasons'
row 'unreachable' 'ips "route add unreachable $FARNET table 60"' 'udp' 'once reasons'
row 'blackhole' 'ips "route add blackhole $FARNET table 60"' 'udp' 'once reasons silent'
row 'throw' 'ips "route add throw $FARNET table 60"' 'udp'
row 'rule by TOS 0x10' 'ips "rule add pref 9 tos 0x10 lookup 61" "route add $FARNET via $PEER1 dev up1 table 61"' 'udp tos=0x10; udp; udp tos=0x30; udp tos=0x12; udp tos=0x14'
