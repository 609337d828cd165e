# SPDX-License-Identifier: GPL-2.0-only
# What the scenarios ipvs-* share, on top of lib.sh: the box is the director.
# shellcheck shell=sh disable=SC2034,SC2086,SC2154
modprobe -a xt_UNHOLE ip_vs ip_vs_rr 2>/dev/null || :
host client real1 real2
wire box cl0 $BOXCL/24,$BOXCL6/64 client eth0 $CLIENT/24,$CLIENT6/64
wire box up1 192.0.2.17/28,2001:db8:21::1/64 real1 eth0 192.0.2.18/28,2001:db8:21::2/64
wire box up2 192.0.2.33/28,2001:db8:22::1/64 real2 eth0 192.0.2.34/28,2001:db8:22::2/64
must sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 net.ipv4.vs.conntrack=1

# directors_box: addresses and routes, after family.
directors_box() {
	if [ $F = 4 ]; then
		VIP=203.0.113.80 OWN=192.0.2.17 LOOP=127.0.0.1 REAL1=192.0.2.18 REAL2=192.0.2.34 BOX1=192.0.2.17 BOX2=192.0.2.33
	else
		VIP=2001:db8:80::80 OWN=2001:db8:21::1 LOOP=::1 REAL1=2001:db8:21::2 REAL2=2001:db8:22::2 BOX1=2001:db8:21::1 BOX2=2001:db8:22::1
	fi
	must $IP -n client route add default via $BOXCL
	must $IP -n real1 route add default via $BOX1
	must $IP -n real2 route add default via $BOX2
}

# serve NS ADDRESS: a server that says where it is.
serve() {
	on $1 socat "TCP$F-LISTEN:80,bind=$(_host $2),reuseaddr,fork" SYSTEM:"echo $1" &
	wait_for 10 _serves $1 $2 || must false
}
_serves() { on $1 ss -Hlnt "src $(_host $2):80" | grep -q .; }

# asked NS: who answers the virtual service in six connections, sorted.
asked() {
	for _i in 1 2 3 4 5 6; do
		on $1 timeout $((5 * ${SLOW:-1})) socat -u "TCP$F:$(_host $VIP):80,connect-timeout=$((3 * ${SLOW:-1}))" - 2>/dev/null || echo none
	done | sort | xargs
}

# service WAY: the virtual service, with a real server here and on each host. WAY is -m
# (NAT) or -g (direct routing). real WORD ADDRESS [WAY]: ipvsadm WORD, for one of them.
service() {
	must ipvsadm -A -t "$(_host $VIP):80" -s rr
	for _real in $REAL1 $REAL2 $OWN; do real -a $_real $1; done
}
real() { must ipvsadm $1 -t "$(_host $VIP):80" -r "$(_host $2):80" ${3:+$3}; }
