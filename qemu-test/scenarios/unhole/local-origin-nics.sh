# SPDX-License-Identifier: GPL-2.0-only
# The box's own TCP through loopback and out of real drivers, with whatever
# checksum and segmentation offloads they have: a virtio-net and an e1000e pair,
# each wired to each other by a hub, the far end in a namespace of its own. In IPv6:
# local-origin-nics-ipv6.
# claims: L3
# weight: 13
# timeout: 150
family "${F:-4}"
host peer
# take NIC NS ADDRESS: from the initial namespace; the last scenario's is still
# on its way back there, maybe.
take() {
	wait_for 20 nsenter --net=/unhole/init-netns ip link show "$1" || must false
	must nsenter --net=/unhole/init-netns ip link set "$1" netns "$$"
	[ "$2" = box ] || must ip link set "$1" netns "$2"
	addresses "$2" "$1" "$3"
}
hole_ready=
[ "$F" = 4 ] && segments='ip proto 6' || segments='(ip6 proto 6 or ip6 proto 44)'
for pair in "virtio eth0 eth1 $UP" "e1000e eth2 eth3 $CL"; do
	set -- $pair
	name=$1 near=$2 far=$3 net=$4
	take "$near" box "${net}1/$LEN"
	take "$far" peer "${net}2/$LEN"
	FAR=${net}2 FAR6=${net}2
	[ -n "$hole_ready" ] || { hole_local$SIX; unhole$SIX; stock_sysctls; hole_ready=1; }
	[ "$FAR" = ${UP}2 ] || must $IPT -t mangle -A OUTPUT -d "$FAR" -j MARK --set-xmark 0x80/0x80
	is "$name: the driver" "$(ethtool -i "$near" | sed -n 's/^driver: //p')" \
		"$([ "$name" = virtio ] && echo virtio_net || echo "$name")"
	# Behind QEMU's hub virtio has none to offer, so it is e1000e that has the job.
	[ "$name" = virtio ] && offload=off || offload=on
	says "$name: offloads" "$(ethtool -k "$near")" "tx-checksumming: $offload" "tcp-segmentation-offload: $offload"
	# What the peer's NIC would merge or judge for us, we want to see.
	# (virtio cannot leave checksums to others. A NIC keeps its settings from
	# one scenario to the next, and one that has nothing to change is no error.)
	must on peer ethtool -K "$far" gro off
	on peer ethtool -K "$far" rx off
	wait_for 20 pings box 1 "$FAR" || not_ok "$name: no link"
	capture "$name" peer "$far" 96
	before=$(stat_unhole unholed)
	check "$name: TCP out, $BULK MiB, byte for byte" tcp_copy box peer "$FAR" 5001 $BULK
	rm /run/data
	check "$name: TCP in, 2 MiB, byte for byte" tcp_fetch box peer "$FAR" 5002 2
	rm /run/data
	settled "$name"
	# QEMU's e1000e segments IPv4 by IP fragmentation, so most of what it sends
	# shows no port.
	bulk_fine "$name: out" "$name" "$segments and src ${net}1" 1500
	is "$name: the peer refused no checksum" "$(bad_checksums peer)" 0
	at_least "$name: it went through the hole" $(($(stat_unhole unholed) - before)) $((BULK * 15))
done
