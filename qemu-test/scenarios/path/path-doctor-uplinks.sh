# SPDX-License-Identifier: GPL-2.0-only
# unhole-path doctor, a strict rp_filter beside several uplinks: who leaves by up1 because of
# a mark, or of a translated source behind the hole, has the replies dropped there, since the
# way back is looked up without either. It is named, for each uplink once, and the cure works
# when typed; policy by the source alone, src_valid_mark and one uplink alone are no fault.
# Pings are sent beside each answer.
#
#   client 198.51.100.2 --- cl0 [box] up0 192.0.2.1 ---- one 192.0.2.2, 203.0.113.7
#                                     up1 198.18.0.1 --- two 198.18.0.2, 203.0.113.7
# weight: 14
. /unhole/doctor.sh
host client one two
wire box cl0 $BOXCL/24 client eth0 $CLIENT/24
wire box up0 $BOX/24 one eth0 192.0.2.2/24,$FAR/32
wire box up1 198.18.0.1/24 two eth0 198.18.0.2/24,$FAR/32
must ip -n client route add default via $BOXCL
must ip -n one route add default via $BOX
must ip -n two route add default via 198.18.0.1
stock_sysctls
must sysctl -qw net.ipv4.ip_forward=1
must batch box "route add default via 192.0.2.2 table 61" "route add default via 198.18.0.2 table 62"
strict() { for _d in all cl0 up0 up1; do must sysctl -qw net.ipv4.conf.$_d.rp_filter=$([ $_d = all ] && echo 0 || echo 1); done; }
# pinged WHAT WHO DROPPED HEARD: by which uplink it went is seen by who has dropped the reply
pinged() {
	_before=$(mib TcpExtIPReversePathFilter)
	_heard=$(on "$2" ping -n -q -c 2 -i 0.05 -W 1 $FAR | sed -n 's/.* \([0-9]*\) received.*/\1/p')
	is "$1: dropped by rp_filter, and heard" "$(($(mib TcpExtIPReversePathFilter) - _before)) $_heard" "$3 $4"
}
lossy() { # WHAT WHO [UPLINKS]
	is "$1: named, each uplink once" "$(wrong)" "${3:-rp_filter }"
	pinged "$1" $2 2 0
	cure rp_filter
	healthy "$1, cured"
	pinged "$1, cured" $2 0 2
	strict
}
fine() { healthy "$1"; pinged "$1" $2 0 2; }
nat() { must iptables -t nat -A POSTROUTING -o up0 -j MASQUERADE; must iptables -t nat -A POSTROUTING -o up1 -j MASQUERADE; }
rules_gone() {
	for _t in raw mangle nat; do must iptables -t $_t -F; done
	must ip rule flush
	must batch box "rule add pref 32766 lookup main"
}

echo '# by a mark'
strict
must ip route add default via 192.0.2.2
nat
must ip rule add lookup main suppress_prefixlength 0 pref 50
must ip rule add fwmark 2 lookup 62 pref 100
fine 'a mark that nobody sets' client
must iptables -t mangle -A PREROUTING -i cl0 -j MARK --set-mark 2
lossy "a client's mark" client
ask="$FAR from $CLIENT iif cl0"
says '--explain says it, too' "$(unhole-path --explain $ask)" 'leaves by up1' 'a reply is dropped: rp_filter of up1' 'sysctl -w net.ipv4.conf.up1.rp_filter=2'
must iptables -t mangle -A PREROUTING -i cl0 -j CONNMARK --save-mark
must iptables -t mangle -I PREROUTING ! -i cl0 -j CONNMARK --restore-mark
lossy 'the mark of the connection, which is not asked for' client
must sysctl -qw net.ipv4.conf.up1.src_valid_mark=1
fine 'is asked for' client
must sysctl -qw net.ipv4.conf.up1.src_valid_mark=0
must iptables -t mangle -F
must iptables -t mangle -A OUTPUT -d $FAR -j MARK --set-mark 2
must sysctl -qw net.ipv4.conf.cl0.rp_filter=0
lossy "the box's own" box
rules_gone

echo '# no route without a mark: a loose one drops as well'
nat
must ip route del default
must ip rule add fwmark 2/3 lookup 62 pref 100
must ip rule add fwmark 1/3 lookup 61 pref 101
must iptables -t mangle -A PREROUTING -i cl0 -p icmp -j MARK --set-mark 1
for d in up0 up1; do must sysctl -qw net.ipv4.conf.$d.rp_filter=2; done
is 'loose' "$(wrong)" 'rp_filter '
pinged 'loose' client 2 0
cure rp_filter
healthy 'off'
pinged 'off' client 0 2
strict
rules_gone

echo '# by the source'
must ip route add default via 192.0.2.2
must ip rule add from 198.18.0.1 lookup 62 pref 100
must ip rule add from $CLIENT lookup 62 pref 101
must iptables -t nat -A POSTROUTING -s $CLIENT -o up1 -j SNAT --to-source 198.18.0.1
fine 'two uplinks, by source alone' client
rules_gone

echo '# behind the hole'
for via in nvi0 lo; do
	if [ $via = lo ]; then unhole; else nvi nvi0; fi
	must ip route replace default dev $via table 50
	must ip rule add fwmark 5 lookup 50 pref 90
	must iptables -t mangle -A PREROUTING -i cl0 -d $FAR -j MARK --set-mark 5
	if [ $via = lo ]; then must iptables -t mangle -A PREROUTING -i lo -j MARK --set-mark 0; else must iptables -t mangle -A POSTROUTING -o nvi0 -j MARK --set-mark 0; fi
	must ip rule add iif $via from 10.9.2.0/24 lookup 62 pref 80
	must iptables -t nat -A POSTROUTING -o $via -s $CLIENT -j SNAT --to-source 10.9.2.1
	lossy "$via, led to by a mark" client
	must iptables -t mangle -F
	must ip rule del pref 90
	must ip rule add iif cl0 lookup 50 pref 90
	# What is not translated leaves by up0, and finds the hole on its way back as well
	lossy "$via, led to by the device" client 'rp_filter rp_filter '
	rules_gone
done

echo '# one uplink'
must ip link del nvi0
must ip route flush table 50
must ip route flush table 62
must ip rule add fwmark 2 lookup 61 pref 100
must iptables -t mangle -A PREROUTING -i cl0 -j MARK --set-mark 2
nat
fine 'one uplink, by a mark' client
