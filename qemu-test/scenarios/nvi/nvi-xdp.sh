# SPDX-License-Identifier: GPL-2.0-only
# XDP on an nvi device: the driver has no native mode, and the refusal says so and
# changes nothing; the generic one is at work on what comes in by nvi0. # claims: L10
# patches: none
# not on: patched: no bpf() in that configuration
topology
must sysctl -qw net.ipv4.ip_forward=1
nvi nvi0
must ip route add default dev nvi0 table 50
must ip rule add pref 90 iif cl0 lookup 50
must ip rule add iif nvi0 lookup main
check 'forwarded through nvi0' pings client 2 $FAR
mkdir -p /run/bpf
must mount -t bpf bpf /run/bpf
must bpf-return xdp 2 /run/bpf/pass

# A veth device has it.
check 'native XDP, where a driver has it' ip link set dev cl0 xdpdrv pinned /run/bpf/pass
must ip link set dev cl0 xdpdrv off
ip link set dev nvi0 xdpdrv pinned /run/bpf/pass 2>/run/err
is 'native XDP is refused' $? 2
says 'and why' "$(cat /run/err)" 'does not support XDP in native mode'
refute 'nothing is attached' sh -c 'ip link show nvi0 | grep xdp'
check 'still forwarded' pings client 2 $FAR

must ip link set dev nvi0 xdpgeneric pinned /run/bpf/pass
says 'generic XDP is attached' "$(ip link show nvi0)" xdpgeneric
check 'still forwarded' pings client 2 $FAR
# Fragments come in again by nvi0, so it is there that the program sees them.
was=$(nvi_stat nvi0 rx_fragment)
check 'what comes in by nvi0 passes it' pings client 2 $FAR -s 3000
at_least 'which these do' $(($(nvi_stat nvi0 rx_fragment) - was)) 4
must ip link set dev nvi0 xdpgeneric off
