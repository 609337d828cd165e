# SPDX-License-Identifier: GPL-2.0-only
# TTL and hop limit of the box's own packets are kept through the hole: a TCP
# session with TTL 1 (eBGP) lives, 255 arrives as 255 (GTSM), 64 as 64. Without
# the rules the first dies on the second pass, the second arrives as 254.
# weight: 9
topology
stock_sysctls
recipe own-ttl FAR=$PEER FAR6=$PEER6
# ttl_kept_no_more: the packets go into the hole and out of it, and are no more mended.
ttl_kept_no_more() {
	for t in iptables,ip,TTL ip6tables,ip6,HL; do
		nf=${t#*,} nf=${nf%,*}
		if [ $FRONT = nft ]; then
			nft flush chain $nf unhole-own-ttl more
			nft delete rule $nf unhole-own-ttl behind handle \
				"$(nft -a list chain $nf unhole-own-ttl behind | sed -n 's/.* set 255 # handle //p')"
			continue
		fi
		${t%%,*}-save -t mangle | sed "/-j ${t##*,}/d" | ${t%%,*}-restore
	done
}
capture wire peer eth0
# session FAMILY TTL PORT [SECONDS]: a TCP session of the box with this TTL, to a server
# that hears nothing under its minimum (GTSM) if the TTL is 255.
session() {
	if [ "$1" = 4 ]; then
		server=TCP4-LISTEN client=TCP4:$PEER ttl=ip-ttl=$2 min=setsockopt-listen=0:21:xff000000
	else
		server=TCP6-LISTEN client="TCP6:[$PEER6]" ttl=ipv6-unicast-hops=$2 min=setsockopt-listen=41:73:xff000000
	fi
	[ "$2" = 255 ] || min=nodelay
	# Not by "on": a function in the background keeps the caller's pipe open.
	in-ns peer socat "$server:$3,fork,reuseaddr,$min" PIPE >/dev/null 2>&1 &
	wait_for 10 _listens peer t "$3" || return 1
	echo hello | timeout $((${4:-5} * ${SLOW:-1})) socat -t 3 - "$client:$3,$ttl,readbytes=6" 2>/dev/null
}
# limits FAMILY PORT: with which TTLs its segments have arrived, SYN and data. (An
# ACK that is sent for a socket in TIME_WAIT has 64 in any case.)
limits() {
	settled wire
	if [ "$1" = 4 ]; then
		show wire "ip and tcp dst port $2 and tcp[13] & 10 != 0" | sed -n 's/.*, ttl \([0-9]*\),.*/\1/p'
	else
		show wire "ip6 and tcp dst port $2 and ip6[53] & 10 != 0" | sed -n 's/.*hlim \([0-9]*\),.*/\1/p'
	fi | sort -nu | tr '\n' ' '
}
for f in 4 6; do
	for ttl in 1 64 255; do
		is "IPv$f: a session with $ttl lives" "$(session $f $ttl $((f * 1000 + ttl)))" hello
		is "IPv$f: and arrives with $ttl" "$(limits $f $((f * 1000 + ttl)))" "$ttl "
	done
done
says 'ping with TTL 1, too' "$(pings box 2 $PEER -t 1)" '2 received'

must ttl_kept_no_more
for f in 4 6; do
	is "IPv$f: without the rules a session with 1 dies" "$(session $f 1 $((f * 1000 + 501)) 1)" ''
	is "IPv$f: nothing of it arrives" "$(limits $f $((f * 1000 + 501)))" ''
	is "IPv$f: one with 255 is not heard by GTSM" "$(session $f 255 $((f * 1000 + 755)) 1)" ''
	is "IPv$f: it arrives with 254" "$(limits $f $((f * 1000 + 755)))" '254 '
done
