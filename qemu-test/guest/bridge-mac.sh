# SPDX-License-Identifier: GPL-2.0-only
# Hosts behind a bridge, at a switch that lets in the bridge's MAC only, on top of
# bridge.sh.
# shellcheck shell=sh

# mac_topology:
#
#   vm1 192.0.2.11 --- p2 [box: br0 192.0.2.1] p1 --- s0 [sw: br0] s1 --- outside 192.0.2.9
#   vm2 192.0.2.12 --- p3
#
# Port s0 of the switch is locked: a frame from a MAC that has not been entered
# there is dropped. Nor does it get frames for a MAC that is not known there.
VM1=192.0.2.11 VM2=192.0.2.12
MAC_VM1=02:00:00:00:00:11 MAC_VM2=02:00:00:00:00:12
mac_topology() {
	ip_netns_box
	host sw vm1 vm2 outside
	bridge_in sw br0 02:00:00:00:00:55
	bridge_in box br0 "$MAC_BR" "$BOX"/24
	port box br0 p1 "$MAC_P1" sw s0 - -
	must ip -n sw link set s0 master br0
	# Before the hosts can say anything.
	wait_for 10 forwards sw s0 || must false
	must bridge -n sw link set dev s0 learning off flood off locked on
	must bridge -n sw fdb replace "$MAC_BR" dev s0 master static
	port sw br0 s1 - outside eth0 "$OUTSIDE"/24 "$MAC_OUTSIDE"
	port box br0 p2 "$MAC_P2" vm1 eth0 $VM1/24 $MAC_VM1
	port box br0 p3 - vm2 eth0 $VM2/24 $MAC_VM2
}

# forget_arp: nobody knows anybody.
forget_arp() {
	for _n in box vm1 vm2 outside; do must ip -n $_n neigh flush all; done
}
