# SPDX-License-Identifier: GPL-2.0-only
# Recipe pod-to-itself: a pod reaches itself by its service's address, behind a device of
# its own, and behind a port of a bridge that netfilter sees, which must be told to send back
# by that port. Others' sources stay as they are. With nftables and with iptables; in IPv6:
# recipe-pod-to-itself6.
# patches: none
# weight: 9
topology
family "${F:-4}"
[ "$F" = 4 ] && SERVICE=203.0.113.80 || SERVICE=2001:db8:3::80
must sysctl -qw $FORWARDING=1
must $IP -n peer route add $SERVICE via $BOX
must $IP route add default via $PEER
on client socat "TCP$F-LISTEN:8080,fork,reuseaddr" SYSTEM:"echo \"pod, \$SOCAT_PEERADDR\"" &
wait_for 10 _listens client t 8080 || must false
ask() { on $1 timeout $((4 * ${SLOW:-1})) socat -u "TCP$F:$(_host $SERVICE):80,connect-timeout=$((2 * ${SLOW:-1}))" - 2>/dev/null; }
socats() { case $1 in *:*) echo "[$(hex6 "$1" | sed 's/..../&:/g; s/:$//')]" ;; *) echo "$1" ;; esac; }

must $IPT -t nat -A PREROUTING -d $SERVICE -p tcp --dport 80 -j DNAT --to-destination "$(_host $CLIENT):8080"
is 'before: the world reaches the pod' "$(ask peer)" "pod, $(socats $PEER)"
refute 'before: the pod does not reach itself' ask client
for front in nft iptables; do
	via "$([ $front = nft ] && echo nvi0 || echo lo)" $front
	recipe pod-to-itself$SIX DNAT=no
	is "$front: the pod itself" "$(ask client)" "pod, $(socats $BOXCL)"
	is "$front: the world keeps its source" "$(ask peer)" "pod, $(socats $PEER)"
	must sh /unhole/recipes/pod-to-itself$SIX.sh undo
	must conntrack -F -f ipv$F
	refute "$front: undone: not itself" ask client
done
must $IPT -t nat -F
via nvi0
recipe pod-to-itself$SIX
is 'with its own DNAT: the pod, the world' "$(ask client), $(ask peer)" "pod, $(socats $BOXCL), pod, $(socats $PEER)"
at_least 'the box, too' "$(ask box | grep -c pod)" 1
must sh /unhole/recipes/pod-to-itself$SIX.sh undo

# Behind a bridge, which has the gateway's address.
must batch box 'link add br0 type bridge' 'link set br0 up' "addr flush dev cl0 scope global"
must ip addr add $BOXCL/$LEN dev br0 $([ "$F" = 4 ] || echo nodad)
must ip link set cl0 master br0
must modprobe br_netfilter
[ "$F" = 4 ] && calls=iptables || calls=ip6tables
must sysctl -qw net.bridge.bridge-nf-call-$calls=1
must conntrack -F -f ipv$F
wait_for 20 pings client 1 $BOXCL || must false
recipe pod-to-itself$SIX DEV=br0
refute 'by a bridge, without hairpin: not itself' ask client
recipe pod-to-itself$SIX DEV=br0 BRIDGE_PORT=cl0
must conntrack -F -f ipv$F
is 'by a bridge: the pod itself' "$(ask client)" "pod, $(socats $BOXCL)"
must env DEV=br0 sh /unhole/recipes/pod-to-itself$SIX.sh undo
is 'undone: the port is as it was' "$(bridge -d link show dev cl0 | grep -o 'hairpin o[nf]*')" 'hairpin off'
# It is the kernel's, not the namespace's, so the next scenario finds it gone.
must sysctl -qw net.bridge.bridge-nf-call-$calls=0
must rmmod br_netfilter
