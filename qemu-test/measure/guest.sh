# SPDX-License-Identifier: GPL-2.0-only
# The guest's part of qemu-test/bench: sets up every way in a box of its own, side
# by side, and measures them in turn. Writes lines of words to /results/raw, which
# qemu-test/measure/report reads. PASSES, ROUNDS, PACKETS, ORIGINS and CT come from the host;
# and ONLY: "groups" (the ways, and nothing else) or "scale".
# shellcheck shell=sh
set -e
. /job
KERNEL=$(uname -r)
case $KERNEL in *-unhole-*) PATCHED=1 ;; *) PATCHED=0 ;; esac
RAW=/run/raw
traffic=/unhole/bench-traffic
WAYS='plain rule config noop unhole unhole-notrack unhole-reset nvi nvi-notrack nvi-prerouting nvi-flow bpf mirred veth'
# Of a service behind the clients' own port of a bridge; "direct" is the switch alone.
BRIDGE_WAYS='direct hairpin broute nvi unhole'
# Bytes of payload: 64 on an Ethernet wire in IPv4, with all headers and the FCS.
PAYLOAD=18
# One GSO packet, in either family; and how many are a MB.
TCP_BLOCK=62500 BLOCKS_MB=16
# Packets until everything is in caches and tables.
WARMUP=64
MARK=0x50
# iptables as it is, or "-legacy".
: "${FRONT=}"

#   source 198.51.100.2 --- cl0 [box] up0 192.0.2.1 --- 192.0.2.2 sink
#                                                203.0.113.7 beyond it
BOX4=192.0.2.1 SINK4=192.0.2.2 FAR4=203.0.113.7 SNAT4=192.0.2.9 INSIDE4=100.64.0.1
BOX6=2001:db8:2::1 SINK6=2001:db8:2::2 FAR6=2001:db8:3::7 SNAT6=2001:db8:2::9 INSIDE6=fd00::1
BOXCL4=198.51.100.1 CLIENT4=198.51.100.2
BOXCL6=2001:db8:1::1 CLIENT6=2001:db8:1::2

put() { echo "$*" >>$RAW; }

# Quiet: nobody asks for neighbours or routers, nor says who he is, while packets
# are counted. New namespaces inherit it.
sysctl -qw net.core.devconf_inherit_init_net=1
sysctl -qw net.ipv6.conf.default.accept_dad=0 net.ipv6.conf.default.accept_ra=0 \
	net.ipv6.conf.default.router_solicitations=0 net.ipv6.conf.default.addr_gen_mode=1 \
	net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.default.rp_filter=0

# The kernel's tables of neighbours have few buckets until they have many entries,
# and how long a chain is would be chance, other for each boot. They do not shrink.
many_neighbours() {
	ip link add grow0 type veth peer name grow1
	for _i in $(seq 2000); do
		echo "neigh add 10.9.$((_i / 250)).$((_i % 250 + 1)) lladdr 02:00:00:00:00:ff nud permanent dev grow0"
		echo "neigh add fd09::$_i lladdr 02:00:00:00:00:ff nud permanent dev grow0"
	done | ip -batch -
	ip link del grow0
}

# box COMMAND: part of the way's set-up; run_box runs them, in its box. What was run
# is part of the result.
box() {
	put "setup $ct $origin $way $*"
	echo "$*" >>/run/box
}
run_box() {
	mv /run/box /run/box.sh
	: >/run/box
	ip netns exec "b-$way" sh -e /run/box.sh
}
# The same rule for both families. In ARGUMENTS, @NAME is the address of that name.
both() { # ARGUMENTS of iptables
	_t=$(echo "$*" | sed 's/@\([A-Z]*\)/$\14/g')
	eval "box iptables$FRONT $_t"
	_t=$(echo "$*" | sed 's/@\([A-Z]*\)/$\16/g')
	eval "box ip6tables$FRONT $_t"
}

# The hosts around the box, and the box as a plain router.
surroundings() {
	ip -batch - <<-EOT
		netns add s-$way
		netns add b-$way
		netns add k-$way
		link add tmp0 address 02:00:00:00:00:01 type veth peer name tmp1 address 02:00:00:00:00:02
		link set tmp0 netns s-$way name eth0
		link set tmp1 netns b-$way name cl0
		link add tmp0 address 02:00:00:00:00:03 type veth peer name tmp1 address 02:00:00:00:00:04
		link set tmp0 netns b-$way name up0
		link set tmp1 netns k-$way name eth0
	EOT
	ip -n "s-$way" -batch - <<-EOT
		link set lo up
		link set eth0 up
		addr add $CLIENT4/24 dev eth0
		addr add $CLIENT6/64 dev eth0
		neigh add $BOXCL4 lladdr 02:00:00:00:00:02 nud permanent dev eth0
		neigh add $BOXCL6 lladdr 02:00:00:00:00:02 nud permanent dev eth0
		route add default via $BOXCL4
		route add default via $BOXCL6
	EOT
	ip -n "k-$way" -batch - <<-EOT
		link set lo up
		link set eth0 up
		addr add $SINK4/24 dev eth0
		addr add $SINK6/64 dev eth0
		addr add $FAR4/32 dev lo
		addr add $FAR6/128 dev lo
		neigh add $BOX4 lladdr 02:00:00:00:00:03 nud permanent dev eth0
		neigh add $BOX6 lladdr 02:00:00:00:00:03 nud permanent dev eth0
		neigh add $SNAT4 lladdr 02:00:00:00:00:03 nud permanent dev eth0
		neigh add $SNAT6 lladdr 02:00:00:00:00:03 nud permanent dev eth0
		route add default via $BOX4
		route add default via $BOX6
	EOT
	# A packet is counted where it arrives, if it has the source that it should
	# have, and goes no further.
	eval "from4=\$${expect}4 from6=\$${expect}6"
	# Whether a connection keeps its input route for early demux differs from one
	# to the next, so the ends do without.
	ip netns exec "s-$way" sysctl -qw net.ipv4.tcp_early_demux=0
	ip netns exec "k-$way" sh -e -c "
		sysctl -qw net.ipv4.tcp_early_demux=0
		iptables-legacy -t raw -A PREROUTING -s $from4 -p udp --dport 9 -j DROP
		ip6tables-legacy -t raw -A PREROUTING -s $from6 -p udp --dport 9 -j DROP"
	ip -n "b-$way" -batch - <<-EOT
		link set lo up
		link set cl0 up
		link set up0 up
		addr add $BOX4/24 dev up0
		addr add $BOX6/64 dev up0
		route add $FAR4 via $SINK4
		route add $FAR6 via $SINK6
		neigh add $SINK4 lladdr 02:00:00:00:00:04 nud permanent dev up0
		neigh add $SINK6 lladdr 02:00:00:00:00:04 nud permanent dev up0
	EOT
	if [ "$origin" = external ]; then
		ip -n "b-$way" -batch - <<-EOT
			addr add $BOXCL4/24 dev cl0
			addr add $BOXCL6/64 dev cl0
			neigh add $CLIENT4 lladdr 02:00:00:00:00:01 nud permanent dev cl0
			neigh add $CLIENT6 lladdr 02:00:00:00:00:01 nud permanent dev cl0
		EOT
	fi
	# A stock kernel wants forwarding for the box's own traffic too; a router
	# has it anyway.
	ip netns exec "b-$way" sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 \
		$([ "$origin" = external ] || echo net.ipv4.tcp_early_demux=0)
	if [ "$ct" = conntrack ]; then
		ip -n "b-$way" -batch - <<-EOT
			addr add $SNAT4/24 dev up0
			addr add $SNAT6/64 dev up0
		EOT
	fi
}

# steer DEV: what is to be translated goes to DEV by table 50.
steer() {
	case $1 in
	reroute0)
		box ip route add default encap bpf xmit pinned /run/bpf/reroute dev "$1" table 50
		box ip -6 route add default encap bpf xmit pinned /run/bpf/reroute dev "$1" table 50
		;;
	lo)
		box ip route add default dev lo table 50
		box ip -6 nexthop add id 50 dev lo
		box ip -6 route add default nhid 50 table 50
		;;
	*)
		box ip route add default dev "$1" table 50
		box ip -6 route add default dev "$1" table 50
		;;
	esac
	steer_rules "$1"
}
# From outside by the receive device. The box's own by its lack of one; the second
# lookup has the same device where it comes out of lo, and is told by a mark.
steer_rules() {
	case $origin-$1 in
	external-*)
		box ip rule add iif cl0 lookup 50
		box ip -6 rule add iif cl0 lookup 50
		;;
	local-*)
		box ip rule add iif lo to $FAR4 lookup 50
		box ip -6 rule add iif lo to $FAR6 lookup 50
		;;
	esac
	case $origin-$1-$ct in
	local-lo-*)
		box ip rule add fwmark $MARK lookup main
		box ip -6 rule add fwmark $MARK lookup main
		;;
	local-reroute0-conntrack)
		box ip rule add from $SNAT4 lookup main
		box ip -6 rule add from $SNAT6 lookup main
		;;
	local-reroute0-none)
		box ip rule add fwmark $MARK lookup main
		box ip -6 rule add fwmark $MARK lookup main
		both -t mangle -A POSTROUTING -o reroute0 -j MARK --set-mark $MARK
		;;
	esac
}
# snat DEV: where this way has its NAT.
snat() {
	[ "$ct" = conntrack ] || return 0
	both -t nat -A POSTROUTING -o "$1" -s "@$source" -j SNAT --to-source @SNAT
}
# The second lookup takes the box's own source for a martian: where there is one,
# and nothing else exempts it. (It costs less than nothing: no source is looked up.)
accept_local() {
	[ "$origin $ct" = 'external none' ] || box sysctl -qw "net.ipv4.conf.$1.accept_local=1"
}

unhole() { # OPTIONS
	[ $PATCHED = 1 ] || accept_local lo
	steer lo
	[ "$origin" = external ] || set -- "$@" --set-xmark $MARK
	both -t raw -A PREROUTING -i lo -j UNHOLE "$@"
}

set_up() {
	case $way in
	plain) snat up0 ;;
	rule|config)
		# Plain forwarding, with the policy rule that every way wants.
		box ip route add default via $SINK4 dev up0 table 50
		box ip -6 route add default via $SINK6 dev up0 table 50
		steer_rules up0
		# ... and with the table that UNHOLE wants, and a rule in it that
		# does nothing.
		[ $way = rule ] || both -t raw -A PREROUTING -i lo -j MARK --or-mark 0
		snat up0
		;;
	noop)
		# In UNHOLE's place, a rule that does nothing.
		steer lo
		both -t raw -A PREROUTING -i lo -j MARK --or-mark 0
		snat lo
		;;
	unhole) unhole; snat lo ;;
	unhole-notrack) unhole --notrack; snat lo ;;
	unhole-reset)
		if [ "$ct" = none ]; then
			unhole --reset-ct
		else
			# Two stages, as in recipes/two-stage-nat.sh; the uplink's
			# side is zone 2.
			both -t raw -A PREROUTING -i up0 -j CT --zone 2
			if [ "$origin" = local ]; then
				unhole --reset-ct --allow-local
			else
				unhole --reset-ct
			fi
			both -t raw -A PREROUTING -i lo -s @INSIDE -j CT --zone 2
			box ip rule add iif up0 to $INSIDE4 lookup 50
			box ip -6 rule add iif up0 to $INSIDE6 lookup 50
			both -t nat -A POSTROUTING -o lo -s "@$source" -j SNAT --to-source @INSIDE
			both -t nat -A POSTROUTING -o up0 -s @INSIDE -j SNAT --to-source @SNAT
		fi
		;;
	nvi|nvi-*)
		box ip link add nvi0 type nvi
		box ip link set nvi0 up
		case $way in
		nvi) ;;
		# What is established takes recipes/flowtable.sh.
		nvi-flow) box sh /unhole/recipes/flowtable.sh ;;
		*) box ethtool --set-priv-flags nvi0 ${way#nvi-} on ;;
		esac
		steer nvi0
		snat nvi0
		;;
	bpf)
		box ip link add reroute0 type dummy
		box ip link set reroute0 up
		steer reroute0
		snat reroute0
		;;
	mirred)
		accept_local lo
		steer lo
		box tc qdisc add dev lo clsact
		box tc filter add dev lo egress protocol ip u32 match ip dst $FAR4 action mirred ingress redirect dev lo
		box tc filter add dev lo egress protocol ipv6 u32 match ip6 dst $FAR6 action mirred ingress redirect dev lo
		[ "$ct" = none ] || both -t raw -A PREROUTING -i lo -d @FAR -j CT --notrack
		[ "$origin" = external ] || both -t raw -A PREROUTING -i lo -d @FAR -j MARK --set-mark $MARK
		snat lo
		;;
	veth)
		# No ARP, and so the far end's address is its own.
		box ip link add va address 02:00:00:00:00:0a arp off type veth peer name vb address 02:00:00:00:00:0a arp off
		box ip link set va up
		box ip link set vb up
		accept_local vb
		steer va
		[ "$ct" = none ] || both -t raw -A PREROUTING -i vb -j CT --notrack
		snat va
		;;
	esac
}

# Why a way is not there, or nothing.
missing() {
	case $way in
	nvi-flow) [ $ct-$origin = conntrack-external ] || echo 'not applicable: a flow table is for what is tracked and comes in by a NIC' ;;
	nvi*) modprobe nvi 2>/dev/null || [ -d /sys/module/nvi ] || echo 'no module nvi' ;;
	esac
}

received() { # FAMILY
	case $1 in 4) _i=iptables ;; 6) _i=ip6tables ;; esac
	ip netns exec "k-$way" $_i-legacy -t raw -nvxL PREROUTING | awk '/DROP/ { print $1 }'
}

take_turns() {
	_who=
	for way in $ways; do
		_from=s-$way
		[ "$origin" = external ] || _from=b-$way
		[ $way != nvi-flow ] || _from=$_from,k-$way,$want
		_who="$_who $_from"
	done
	$traffic turns "$far" 9 $PAYLOAD $WARMUP "$PACKETS" "$ROUNDS" $_who >/run/turns
	for way in $ways; do
		read -r _rounds
		put "udp $ct $origin $family $way $pass $PACKETS $_rounds"
	done </run/turns
}

group() {
	source=CLIENT
	[ "$origin" = external ] || source=BOX
	expect=$source
	[ "$ct" = none ] || expect=SNAT
	ways=
	for way in $WAYS; do
		why=$(missing)
		if [ -n "$why" ]; then
			put "missing $ct $origin $way $why"
			continue
		fi
		surroundings
		set_up
		if ! run_box >/run/err 2>&1; then
			put "missing $ct $origin $way set-up failed: $(tail -n 1 /run/err)"
			printf 'netns del %s\n' "s-$way" "b-$way" "k-$way" | ip -batch -
			continue
		fi
		ways="$ways $way"
	done
	# Timers of what was just set up (multicast reports, RCU) fire now. It
	# costs no time: a guest's clock jumps while it has nothing to do.
	sleep 10

	for family in 4 6; do
		eval "far=\$FAR$family want=\$$expect$family"
		for pass in $(seq "$PASSES"); do
			# Where the time is measured, all ways take turns.
			[ "${ONLY-}" != groups ] || { take_turns; continue; }
			for way in $ways; do
				from=s-$way
				[ "$origin" = external ] || from=b-$way
				answer=
				[ $way != nvi-flow ] || answer="k-$way $want"
				put "udp $ct $origin $family $way $pass $PACKETS $($traffic udp "$from" "$far" 9 $PAYLOAD $WARMUP "$PACKETS" "$ROUNDS" $answer)"
				# No connection comes through a rule that does nothing.
				[ "$way" != noop ] || continue
				if out=$($traffic tcp "$from" "k-$way" "$far" $((5000 + pass)) $TCP_BLOCK 100 $BLOCKS_MB "$ROUNDS" 2>/run/err); then
					put "tcp $ct $origin $family $way $pass $want $out"
				else
					put "tcp $ct $origin $family $way $pass $want failed $(grep . /run/err || echo 'no answer')"
				fi
			done
		done
		for way in $ways; do
			put "arrived $ct $origin $family $way $(((WARMUP + PACKETS * ROUNDS) * PASSES)) $(received $family)"
		done
	done
	for way in $ways; do
		printf 'netns del %s\n' "s-$way" "b-$way" "k-$way"
	done | ip -batch -
}

# A service for clients that are behind the same port of a bridge as the server is:
# what recipes/bridge.md compares, by its recipes, as they are.
#
#   client 192.0.2.2 ---+
#                       [switch] --- p1 [box br0 192.0.2.1]
#   server 192.0.2.3 ---+
bridges() {
	ASKED=192.0.2.9 SERVER=192.0.2.3 ADDRESS=192.0.2.1
	_client=192.0.2.2 _mac=02:00:00:00:00
	export ASKED SERVER ADDRESS
	modprobe br_netfilter
	for way in $BRIDGE_WAYS; do
		ip -batch - <<-EOT
			netns add s-$way
			netns add w-$way
			netns add b-$way
			netns add k-$way
			link add tmp0 address $_mac:02 type veth peer name tmp1
			link set tmp0 netns s-$way name eth0
			link set tmp1 netns w-$way name s1
			link add tmp0 address $_mac:03 type veth peer name tmp1
			link set tmp0 netns k-$way name eth0
			link set tmp1 netns w-$way name s2
			link add tmp0 address $_mac:04 type veth peer name tmp1
			link set tmp0 netns b-$way name p1
			link set tmp1 netns w-$way name s0
		EOT
		# Only where a recipe asks for it.
		for _n in w b; do ip netns exec "$_n-$way" sysctl -qw net.bridge.bridge-nf-call-iptables=0; done
		ip -n "w-$way" -batch - <<-EOT
			link add br0 type bridge mcast_snooping 0
			link set br0 up
			link set s0 master br0 up
			link set s1 master br0 up
			link set s2 master br0 up
		EOT
		ip -n "b-$way" -batch - <<-EOT
			link set lo up
			link add br0 address $_mac:01 type bridge mcast_snooping 0
			link set br0 up
			link set p1 master br0 up
			addr add $ADDRESS/24 dev br0
			neigh add $_client lladdr $_mac:02 nud permanent dev br0
			neigh add $SERVER lladdr $_mac:03 nud permanent dev br0
		EOT
		# Who is asked is beyond the box. Nothing is flooded.
		for _fdb in s0:01 s0:09 s1:02 s2:03; do
			bridge -n "w-$way" fdb replace $_mac:${_fdb#*:} dev ${_fdb%:*} master static
		done
		bridge -n "b-$way" fdb replace $_mac:02 dev p1 master static
		bridge -n "b-$way" fdb replace $_mac:03 dev p1 master static
		ip -n "s-$way" -batch - <<-EOT
			link set eth0 up
			addr add $_client/24 dev eth0
			neigh add $SERVER lladdr $_mac:03 nud permanent dev eth0
			neigh add $ASKED lladdr $_mac:09 nud permanent dev eth0
		EOT
		ip -n "k-$way" -batch - <<-EOT
			link set eth0 up
			addr add $SERVER/24 dev eth0
			neigh add $ADDRESS lladdr $_mac:01 nud permanent dev eth0
			neigh add $_client lladdr $_mac:02 nud permanent dev eth0
		EOT
		for _n in s k; do ip netns exec "$_n-$way" sysctl -qw net.ipv4.tcp_early_demux=0; done
		case $way in
		hairpin) recipe='hairpin-wired' ;;
		broute) recipe='hairpin-routed' ;;
		nvi|unhole) recipe=hole ;;
		*) continue ;;
		esac
		[ $way$PATCHED != unhole0 ] || ip netns exec "b-$way" sh /unhole/recipes/stock-sysctls.sh
		WAY=$way UNDO=/run/$way.undo ip netns exec "b-$way" sh /unhole/recipes/bridge-$recipe.sh
	done
	sleep 10
	for pass in $(seq "$PASSES"); do
		for way in $BRIDGE_WAYS; do
			to=$ASKED from=$ADDRESS
			[ $way != direct ] || to=$SERVER from=$_client
			if out=$($traffic tcp "s-$way" "k-$way" $to 80 $TCP_BLOCK 100 $BLOCKS_MB "$ROUNDS" $SERVER 2>/run/err); then
				put "bridge nat port 4 $way $pass $from $out"
			else
				put "bridge nat port 4 $way $pass $from failed $(grep . /run/err || echo 'no answer')"
			fi
		done
	done
}

# What loopback's own traffic pays for the rule.
genuine() {
	for way in none noop unhole; do
		ip netns add "b-$way"
		ip -n "b-$way" link set lo up
		case $way in
		noop) both -t raw -A PREROUTING -i lo -j MARK --or-mark 0 ;;
		unhole) both -t raw -A PREROUTING -i lo -j UNHOLE ;;
		esac
		run_box
	done
	sleep 10
	for family in 4 6; do
		to=127.0.0.1
		[ $family = 4 ] || to=::1
		for pass in $(seq "$PASSES"); do
			for way in none noop unhole; do
				# There and back: two packets.
				put "genuine none loopback $family $way $pass $PACKETS $($traffic loop "b-$way" $to 9 $PAYLOAD $WARMUP $((PACKETS / 2)) "$ROUNDS")"
			done
		done
	done
	for way in none noop unhole; do ip netns del "b-$way"; done
}

: >$RAW
: >/run/box
put "kernel $KERNEL"
put "clock $(cat /sys/devices/system/clocksource/clocksource0/current_clocksource)"
many_neighbours
mkdir -p /run/bpf
mount -t bpf bpf /run/bpf
bpf-return lwt_xmit 128 /run/bpf/reroute
if [ "${ONLY-}" = scale ]; then
	. /unhole/scale.sh
	cp $RAW /results/raw
	exit
fi
for ct in $CT; do
	for origin in $ORIGINS; do
		echo "bench: $origin origin, $ct"
		group
	done
done
# The rest is not asked for where the time is measured.
if [ "${ONLY-}" = groups ]; then
	cp $RAW /results/raw
	exit
fi
ct=none origin=loopback
echo 'bench: genuine loopback traffic'
genuine
echo 'bench: a service behind the clients'"'"' own port of a bridge'
bridges
cat /proc/kallsyms >/results/kallsyms
cp $RAW /results/raw
