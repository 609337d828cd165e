# SPDX-License-Identifier: GPL-2.0-only
# In the guest, which is an installed Debian: a client and a next hop beside it, and
# the recipe that the README names. Sourced by the guests' scripts.
# shellcheck shell=sh
exec >/dev/ttyS2 2>&1 # the log
export OUT=/dev/ttyS1 DEBIAN_FRONTEND=noninteractive LC_ALL=C
. /mnt/lib.sh
export RECIPES=/usr/share/doc/unhole-tools/recipes VIA=lo
trap 'echo END >$OUT; sync; systemctl -ff poweroff' EXIT

#   client 198.51.100.2 --- cl0 [box] up0 --- 192.0.2.2 next hop, 203.0.113.7
peers() {
	ip netns add client
	ip netns add hop
	# With an address of its own: udev gives another one to a device that has a random
	# one, when it gets to it, and the neighbours do not hear of it.
	ip link add cl0 address 02:00:00:00:00:01 type veth peer name eth0 netns client
	ip link add up0 address 02:00:00:00:00:02 type veth peer name eth0 netns hop
	ip addr add 198.51.100.1/24 dev cl0
	ip addr add 192.0.2.1/24 dev up0
	ip link set cl0 up
	ip link set up0 up
	ip -n client addr add 198.51.100.2/24 dev eth0
	ip -n client link set eth0 up
	ip -n client route add default via 198.51.100.1
	ip -n hop addr add 192.0.2.2/24 dev eth0
	ip -n hop link set eth0 up
	ip -n hop link set lo up
	ip -n hop addr add 203.0.113.7/32 dev lo
	ip route add default via 192.0.2.2
	ip netns exec hop iptables -A INPUT -s 192.0.2.9
	# A new device takes a second to carry anything.
	answers ip netns exec client ping -q -c 1 -W 1 198.51.100.1
	answers ping -q -c 1 -W 1 192.0.2.2
}
answers() { # COMMAND...: until it does, or 30 times
	_n=0
	until "$@"; do
		_n=$((_n + 1))
		[ $_n -lt 30 ] || return 1
	done
}
pings() { ip netns exec client ping -q -i 0.2 -c "$1" -W 2 203.0.113.7; }
# What came to the next hop with the translated source, since it was asked last.
arrived() {
	ip netns exec hop iptables-save -c -t filter | sed -n 's/^\[\([0-9]*\):.* -s 192\.0\.2\.9\/32.*/\1/p'
	ip netns exec hop iptables -Z INPUT
}
# The box as it was before the recipe, but for the modules.
undo() { sh "$RECIPES"/snat-own.sh undo; }
apt_install() { apt-get -q -y --no-install-recommends -o Dpkg::Use-Pty=0 install "$@"; }
