# SPDX-License-Identifier: GPL-2.0-only
# The recipes for bridges: "down" puts back exactly what was there, sysctls that
# somebody had set and rules of others included. Bad input is said, all of it, before
# anything is changed; an "up" that fails half way undoes what it did.
# patches: none
# not on: stock-7.3: it has no legacy ebtables, whose words these are; bridge-meta-broute runs there
# weight: 12
. /unhole/bridge.sh
bridge_topology
R=/unhole/recipes
# What others have set.
must sysctl -qw net.ipv4.conf.all.rp_filter=1 net.ipv4.conf.p1.rp_filter=2 net.ipv4.conf.p2.forwarding=1 \
	net.ipv4.conf.all.accept_redirects=0
must ebtables-legacy -t broute -A BROUTING -p IPv4 --ip-proto 47 -j ACCEPT
must iptables -t nat -A PREROUTING -p tcp --dport 80 -s 233.252.0.1 -j ACCEPT
must iptables -t raw -A PREROUTING -s 233.252.0.1 -j ACCEPT
# iptables-nft leaves tables behind that were not there before, empty.
must iptables -t mangle -P INPUT ACCEPT
before=$(state_of_box)
same() { # WHAT
	now=$(state_of_box)
	[ "$now" = "$before" ] && ok "$1" && return
	echo "$before" >/run/before
	echo "$now" | diff /run/before - | head -n 20
	not_ok "$1"
}
# stops WHAT STATUS WORDS... -- COMMAND...: it fails like this, and says these words.
stops() {
	what=$1 status=$2 words=
	shift 2
	while [ "$1" != -- ]; do words="$words$1|" && shift; done
	shift
	text=$("$@" 2>&1)
	is "$what: status" "$?" "$status"
	IFS='|'
	says "$what: says so" "$text" $words
	unset IFS
}

# Up, up again, down.
cycle() { # RECIPE [VARIABLE=VALUE...]
	r=$1
	shift
	check "$r $*: up" env "$@" sh "$R/$r.sh"
	check "$r $*: that changes something" [ -s "/run/$r.undo" ]
	stops "$r $*: up again" 1 'is up already' 'nothing was changed' -- env "$@" sh "$R/$r.sh" up
	check "$r $*: down" env "$@" sh "$R/$r.sh" down
	is "$r $*: br_netfilter is gone, and the bridge is not" "$(lsmod | grep -c ^br_netfilter) $(cat /sys/class/net/br0/ifindex)" "0 $ifindex"
}
ifindex=$(cat /sys/class/net/br0/ifindex)
cycle bridge-watch
cycle bridge-broute
cycle bridge-netfilter
cycle bridge-proxy HOW=netfilter
cycle bridge-proxy HOW=broute
cycle bridge-dnat HOW=netfilter
cycle bridge-dnat HOW=broute
cycle bridge-hairpin-wired
cycle bridge-hairpin-routed
cycle bridge-mac-nat
cycle bridge-mac-nat-routed QUIET=broute
cycle bridge-hole WAY=nvi
cycle bridge-hole WAY=unhole
same 'all of them down, and everything is as it was'
# Bad input.
stops 'no such way' 1 "none of nvi, unhole" -- env WAY=magic sh $R/bridge-hole.sh
must ip route add 233.252.0.9 dev p1 table 51
stops 'a table in use' 1 'routing table 51 is in use' 'there is a device p1 already' -- env TABLE=51 NVI=p1 sh $R/bridge-hole.sh
must ip route flush table 51
stops 'not a bridge' 1 'there is no bridge p1' -- env BRIDGE=p1 sh $R/bridge-netfilter.sh
must ip link add br9 type bridge
stops 'a bridge without an address' 1 'br9 has no IPv4 address' -- env BRIDGE=br9 sh $R/bridge-proxy.sh
must ip link del br9
stops 'no such way' 1 "not 'magic'" -- env HOW=magic sh $R/bridge-dnat.sh
stops 'no such way to be quiet' 1 'none of sysctl, broute, no' 'nothing was changed' -- env QUIET=magic sh $R/bridge-mac-nat-routed.sh
stops 'no such action' 2 'usage:' -- sh $R/bridge-watch.sh sideways
stops 'not root' 1 'must be run by root' -- \
	python3 -c 'import os, sys; os.setuid(65534); os.execvp(sys.argv[1], sys.argv[1:])' sh $R/bridge-broute.sh
# A box without some tools.
mkdir /tmp/bin
for f in /usr/bin/* /usr/sbin/*; do
	case $f in */iptables | */ebtables* | */nft | */modprobe) ;; *) ln -sf "$f" /tmp/bin/ ;; esac
done
stops 'no ebtables' 1 'nothing here hands frames to layer 3' 'apt-get install ebtables' -- env PATH=/tmp/bin sh $R/bridge-broute.sh
stops 'an ebtables that cannot' 1 'nothing here hands frames to layer 3: tried redirect in the table broute of ebtables-nft' -- \
	env EBTABLES=ebtables-nft sh $R/bridge-broute.sh
# Each recipe, without a tool, a bridge, a port: it says all of that. Nor is it up.
for r in "$R"/bridge-*.sh; do
	name=${r##*/} port='' address=''
	case $name in bridge-needs*) continue ;; esac
	! grep -q ^need_port "$r" || port='p9 is no port of br9'
	! grep -q ^need_own_address "$r" || address='br9 does not have the address 192.0.2.1'
	stops "$name: several things at once" 1 'apt-get install' 'there is no bridge br9' "$port" "$address" 'nothing was changed' -- \
		env PATH=/tmp/bin BRIDGE=br9 PORT=p9 sh "$r"
	stops "$name: down, and it is not up" 1 'is not up' -- sh "$r" down
done
stops 'several things at once' 1 'iptables is missing' 'there is no bridge br9' 'nothing here hands frames' 'nothing was changed' -- \
	env PATH=/tmp/bin BRIDGE=br9 HOW=broute sh $R/bridge-dnat.sh
# A kernel without the module: nothing is where modprobe looks.
must mount -t tmpfs none "$(readlink -f /lib/modules)"
must rmmod nvi
stops 'no nvi' 1 'this kernel has no module nvi' 'nothing was changed' -- env WAY=nvi sh $R/bridge-hole.sh
stops 'no br_netfilter' 1 'no module br_netfilter' 'CONFIG_BRIDGE_NETFILTER' 'nothing was changed' -- sh $R/bridge-netfilter.sh
must umount "$(readlink -f /lib/modules)"
stops 'no plug-in' 1 'iptables does not know the target UNHOLE' 'nothing was changed' -- \
	env XTABLES_LIBDIR=/nonexistent WAY=unhole sh $R/bridge-hole.sh
is 'none of them is up' "$(ls /run/*.undo 2>/dev/null)" ''
same 'none of them has changed anything'

# Half way: the module is loaded, then iptables refuses the address.
stops 'half way' 1 'what it had changed is undone' -- env SERVER=nobody.invalid HOW=netfilter sh $R/bridge-dnat.sh
same 'half way: everything is as it was'
# Somebody else has taken away what it had added.
recipe bridge-broute
must ebtables-legacy -t broute -F
must ebtables-legacy -t broute -A BROUTING -p IPv4 --ip-proto 47 -j ACCEPT
stops 'down, and a rule is gone' 1 'could not: ebtables-legacy -t broute -D BROUTING' -- sh $R/bridge-broute.sh down
same 'down, and a rule is gone: all the rest is as it was'
