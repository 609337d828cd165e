# SPDX-License-Identifier: GPL-2.0-only
# Every recipe that makes rules and routes: made, made again (the same state), undone (the
# box as it was before), and cut short: where a command of it fails it takes back what it
# has made, and where it is killed, undo does. Each kernel has another third of the ways
# (nvi with nft, nvi with iptables, UNHOLE) for each recipe. Then what the recipes share:
# two of them on one device, marks that are somebody else's, and what else stops one before
# it changes anything.
# patches: none
# weight: 600
# timeout: 1800
must batch box 'link add cl0 type dummy' 'link add cl1 type dummy' 'link add cl2 type dummy' \
	'link add up0 type dummy' 'link add up1 type dummy' 'link add up2 type dummy' \
	'link add red type vrf table 10' 'link add green type vrf table 11' 'link add blue type vrf table 20'
addresses box cl0 $BOXCL/24,$BOXCL6/64
addresses box up0 $BOX/24,$BOX6/64,2001:db8:21::1/64,2001:db8:22::1/64,2001:db8:23::1/64
addresses box up1 192.0.2.5/25,2001:db8:2:1::1/64
addresses box up2 192.0.2.135/25,2001:db8:2:2::1/64
must batch box 'link set cl1 up' 'link set cl2 up' 'link set red up' 'link set green up' 'link set blue up'
# (What hangs on forwarding is as somebody has set it.)
must sysctl -qw net.ipv4.ip_forward=0 net.ipv6.conf.all.forwarding=0 net.ipv4.conf.all.accept_redirects=0 \
	net.ipv4.conf.cl0.forwarding=1 net.ipv6.conf.cl0.forwarding=1

# How the box is. (Chains without rules, counters, and what the kernel gives a device by
# itself are nobody's work.)
box_now() {
	{
		ip addr
		ip rule
		ip -6 rule
		ip route show table all
		ip -6 route show table all
		ip nexthop
		ip neigh show proxy
		ip -6 neigh show proxy
		iptables-save
		ip6tables-save
		nft -s list ruleset
		ip vrf
		grep ' bpf ' /proc/mounts
		sysctl net.ipv4.ip_forward net.ipv4.conf.lo.accept_local net.ipv4.conf.all.accept_redirects net.ipv6.conf.all.forwarding
		cat /proc/sys/net/ipv4/conf/*p[0-9]/rp_filter /proc/sys/net/ipv6/conf/*p[0-9]/accept_ra /proc/sys/net/ipv[46]/conf/cl0/forwarding
	} 2>/dev/null | sed 's/fe80::[0-9a-f:]*/fe80/; s/ tentative//; s/valid_lft.*//; s/\[[0-9]*:[0-9]*\]//
		/link.ether/d; s/^[0-9]*: \([a-z]\)/\1/; /^[:#*]/d; /COMMIT/d; /^\t*chain .* {$/d; /^\t*}/d; /^}/d; /^\t\ttype .* hook /d
		/^table .* \(raw\|mangle\|nat\|filter\) {$/d; /^$/d; s/counter packets.*bytes [0-9]*/counter/; s/state [A-Z]*//' | sort >"/run/$1"
}
same() { # WHAT FILE FILE
	if cmp -s "/run/$2" "/run/$3"; then ok "$1"; else
		not_ok "$1: $(diff "/run/$2" "/run/$3" | grep '^[<>]' | head -n 6 | tr '\n' ';')"
	fi
}

# What stands before the recipe, and what each is given.
before() {
	unset N VRF CLIENTS BOX
	case $1 in
	vrf-*)
		must batch box 'link set cl1 master red' 'link set cl2 master green'
		# (In no network that is connected here.)
		case $1 in
		vrf-leak) export CLIENTS=198.18.0.0/24 ;;
		vrf-leak6) export CLIENTS=2001:db8:9::/64 ;;
		esac
		;;
	snat-pool-nexthop) export BOX=$PEER ;;
	snat-pool6-nexthop) export BOX=$PEER6 ;;
	*) batch box 'link set cl1 nomaster' 'link set cl2 nomaster' ;;
	esac
}

# The third of the ways. A recipe that has no choice has one way.
way() { # NUMBER
	case $((($1 + $(uname -r | cut -d. -f2)) % 3)) in
	0) via nvi0 ;;
	1) via nvi0 iptables ;;
	2) via lo ;;
	esac
}

# A command that is somewhere in the middle fails, or kills the recipe.
mkdir /run/broken
for tool in ip nft iptables ip6tables; do
	real=$(command -v $tool)
	cat >/run/broken/$tool <<-END
		#!/bin/sh
		case "\$*" in
		*add* | *-A* | *-I* | '-f -')
			read -r n </run/left
			echo \$((n - 1)) >/run/left
			[ \$n != 0 ] || { [ ! -e /run/kills ] || kill -9 \$PPID; echo broken >&2; exit 2; }
			;;
		esac
		exec $real "\$@"
	END
	chmod +x /run/broken/$tool
done
cut_short() { # RECIPE CHANGES
	echo $(($2 / 2)) >/run/left
	PATH=/run/broken:$PATH sh "/unhole/recipes/$1.sh" >/run/said 2>&1
}

export LOADER=bpf-return
number=0
for file in /unhole/recipes/*.sh; do
	r=$(basename "$file" .sh)
	grep -qE '^[^#]*(\./open|\)/[a-z-]*)\.sh' "$file" || continue
	# What stands on another one, or makes neither rules nor routes: their own scenarios.
	case $r in snat-own-article | arp-announce | snat-pool-bird* | uplink-*) continue ;; esac
	number=$((number + 1))
	way $number
	before $r
	what="$r, ${VIA#nvi0}${FRONT}"
	box_now before
	check "$what: made" sh "$file"
	changes=$(cat /run/unhole/*/* | grep -vc '^:\|^sysctl')
	box_now made
	refute "$what: is something" cmp -s /run/before /run/made
	is "$what: doctor misses nothing of it" "$(unhole-path doctor | grep '^bad  *recipe: ')" ''
	check "$what: made again" sh "$file"
	box_now again
	same "$what: the same" made again
	check "$what: undone" sh "$file" undo
	box_now undone
	same "$what: nothing is left" before undone
	[ $changes -ge 2 ] || continue
	rm -f /run/kills
	[ $((number % 2)) = 0 ] || : >/run/kills
	refute "$what: cut short" cut_short $r $changes
	if [ -e /run/kills ]; then
		check "$what: undone" sh "$file" undo
	else
		says "$what: says so" "$(cat /run/said)" 'nothing of it is left'
	fi
	box_now undone
	same "$what: nothing of the half is left" before undone
done
at_least 'recipes' $number 6
