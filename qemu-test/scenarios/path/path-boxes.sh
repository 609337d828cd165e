# SPDX-License-Identifier: GPL-2.0-only
# unhole-path on boxes as people have them: rulesets in the shape of Docker, kube-proxy
# (iptables, nftables, IPVS), Cilium, Calico, ufw, firewalld, fw4, fail2ban and a blocklist with
# ipset, wg-quick, Tailscale, mwan3, libvirt, shorewall, customers' VRFs, several uplinks with
# strict rp_filter and without; clients, the box's own, published ports, containers, strangers, answers;
# with an nvi device, with loopback, with neither. Where each packet was said to go, it goes. And
# doctor finds no fault where there is none.
# patches: none
# weight: 90
# timeout: 600
. /unhole/predict.sh
predict_wires
ears
# Answers, by the port that they are for
for ns in box client one two; do
	[ $ns = box ] && hook='input priority 2000' || hook='prerouting priority -500'
	on $ns nft -f - <<-EOT || must false
		table inet answers {
			set ports { typeof th dport; size 65535; flags dynamic; }
			chain c {
				type filter hook $hook
				tcp flags & (syn | ack) != syn | ack return
				meta l4proto { tcp, udp } th sport < 10000 th dport 10000-60000 add @ports { th dport }
			}
		}
	EOT
	# The first of them counts
	must on $ns sysctl -qw net.ipv4.tcp_synack_retries=0
done
# The uplink's end and the container's send, too.
must batch one "addr add 192.0.2.2/24 dev eth0" "addr add 2001:db8:2::2/64 dev eth0 nodad" "addr add $FAR/32 dev lo" \
	"addr add $FAR6/128 dev lo nodad" "route add default via $BOX" "route add default via $BOX6"
must batch two "addr add 198.18.0.2/24 dev eth0" "addr add 198.18.0.3/24 dev eth0" "addr add 2001:db8:4::2/64 dev eth0 nodad" \
	"addr add 2001:db8:4::3/64 dev eth0 nodad" \
	"route add default via 198.18.0.1" "route add default via 2001:db8:4::1"
must batch box "neigh add 198.18.0.3 lladdr 02:00:00:00:00:02 dev up1"
for n in one:up0:$BOX:$BOX6 two:up1:198.18.0.1:2001:db8:4::1; do
	ns=${n%%:*} rest=${n#*:}
	dev=${rest%%:*} rest=${rest#*:}
	mac=$(cat /sys/class/net/$dev/address)
	must batch $ns "neigh replace ${rest%%:*} lladdr $mac dev eth0" "neigh replace ${rest#*:} lladdr $mac dev eth0"
done
# What asks for connections; a patched kernel has it built in, if at all
modprobe -a nf_conntrack_netlink ip_vs 2>/dev/null || :
must ip link add nvi0 type nvi
must ip link set nvi0 up
must sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 net.ipv4.conf.lo.accept_local=1
for ipt in iptables ip6tables; do must $ipt -t raw -A PREROUTING -i lo -j UNHOLE --set-xmark 0x400000/0xf00000; done
python3 /unhole/boxes.py >/run/boxes
cat /run/boxes
sums=$(tail -n 1 /run/boxes)
says 'it has come to its end' "$sums" 'boxes'
set -- $(echo "$sums" | sed 's/[a-z]*//g')
is 'sure and wrong' "${3:-none}" 0
# A patched kernel has fewer of netfilter's modules here
at_least 'boxes' "${1:-0}" $([ $PATCHED = 1 ] && echo 15 || echo 23)
at_least 'packets' "${2:-0}" $([ $PATCHED = 1 ] && echo 550 || echo 850)
# One of twenty, at most
at_most 'unknown, of a thousand' $((${4:-1000} * 1000 / ${2:-1})) 50
[ $PATCHED = 1 ] || at_least 'answers' "${7:-0}" 50
at_least 'kinds of end' "${5:-0}" 7
is 'false alarms of doctor' "${6:-none}" 0
