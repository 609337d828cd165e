# SPDX-License-Identifier: GPL-2.0-only
# What needs no second lookup: plain Linux does it. SNAT at the uplink; an uplink chosen by
# a mark, for clients and the box, and replies by the uplink that a connection came in by;
# DNAT of what the box itself sends, in OUTPUT; SNAT before local delivery, in INPUT; a
# transparent proxy for clients and the box, by "local default dev lo". With nftables, and
# without a module of ours. In both families.
# patches: none
# weight: 14
# shellcheck disable=SC2153 # BOX and PEER are lib.sh's
topology
must sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
wire box up1 198.18.1.1/24,2001:db8:22::1/64 peer eth1 198.18.1.2/24,2001:db8:22::2/64
capture zero peer eth0
capture one peer eth1
socats() { case $1 in *:*) echo "[$(hex6 "$1" | sed 's/..../&:/g; s/:$//')]" ;; *) echo "$1" ;; esac; }
# who HOST ADDRESS PORT [OPTIONS]: what a server says; who_server HOST PORT: who has asked it.
who() { on "$1" timeout $((4 * ${SLOW:-1})) socat -u "TCP$F:$(_host "$2"):$3,connect-timeout=$((2 * ${SLOW:-1}))${4:+,$4}" - 2>/dev/null; }
who_server() {
	for _v in 4 6,ipv6only=1; do
		on "$1" socat "TCP${_v%,*}-LISTEN:$2,fork,reuseaddr${_v#?}" SYSTEM:"echo \"$1, \$SOCAT_PEERADDR\"" &
	done
	wait_for 10 _listens_twice "$1" "$2" || must false
}
_listens_twice() { [ "$(on "$1" ss -Hlnt "sport = :$2" | wc -l)" = 2 ]; }
for port in 80 81 8080 8081; do who_server peer $port; done
who_server box 7003
# A transparent proxy; its own connections, told by their user, go out.
cat >/run/proxy.sh <<'E'
echo "asked for $SOCAT_SOCKADDR:$SOCAT_SOCKPORT"
case $SOCAT_SOCKADDR in *:*) v=6 ;; *) v=4 ;; esac
exec setpriv --reuid 13 socat -u "TCP$v:$SOCAT_SOCKADDR:$SOCAT_SOCKPORT" -
E
for v in 4 6,ipv6only=1; do
	socat "TCP${v%,*}-LISTEN:3129,ip-transparent,fork,reuseaddr${v#?}" "EXEC:sh /run/proxy.sh" 2>/dev/null &
done
wait_for 10 _listens_twice box 3129 || must false
for f in 4 6; do
	family $f
	if [ $F = 4 ]; then
		BOX1=198.18.1.1 PEER1=198.18.1.2 VIP=203.0.113.80 SEEN=198.18.9.9
	else
		BOX1=2001:db8:22::1 PEER1=2001:db8:22::2 VIP=2001:db8:3::80 SEEN=2001:db8:99::9
	fi
	# (What main has better than a default route for is not for the mark to choose.)
	must $IP route del $FAR via $PEER
	must $IP route replace default via $PEER

	# SNAT at the uplink, and the uplink by a mark.
	must $IP route add default via $PEER1 table 101
	must $IP rule add pref 100 fwmark 1/1 lookup main suppress_prefixlength 0
	must $IP rule add pref 101 fwmark 1/1 lookup 101
	must nft -f - <<-END
		table $NF plain {
			chain choice { tcp dport 81 meta mark set meta mark | 1; }
			chain clients {
				type filter hook prerouting priority mangle
				iifname "cl0" ct direction original jump choice
				iifname "up1" ct state new ct mark set 1
				iifname "cl0" ct direction reply ct mark 1 meta mark set meta mark | 1
			}
			chain own {
				type route hook output priority mangle
				ct direction original jump choice
				ct direction reply ct mark 1 meta mark set meta mark | 1
			}
			chain postrouting {
				type nat hook postrouting priority srcnat
				oifname { "up0", "up1" } masquerade
			}
		}
	END
	for host in client box; do
		is "IPv$F, $host: SNAT at the uplink" "$(who $host $FAR 80)" "peer, $(socats $BOX)"
		is "IPv$F, $host: another uplink by a mark" "$(who $host $FAR 81)" "peer, $(socats $BOX1)"
	done
	settled zero
	settled one
	is "IPv$F: by that" "$(seen zero "tcp dst port 81 and dst $FAR") $(seen one "tcp dst port 80 and dst $FAR")" '0 0'
	at_least "IPv$F: by that, each" "$(seen one "tcp dst port 81 and dst $FAR and $FLAGS == 2")" 2

	# Replies by the uplink that a connection came in by.
	before=$(seen zero "src $BOX1 and $REPLY")
	check "IPv$F: the box is reached by its second uplink" pings peer 3 $BOX1 -I $FAR
	settled zero
	settled one
	is "IPv$F: and answers by that" "$(seen one "src $BOX1 and dst $FAR and $REPLY") $(($(seen zero "src $BOX1 and $REPLY") - before))" '3 0'

	# DNAT of the box's own in OUTPUT: the rule of PREROUTING once more.
	must nft -f - <<-END
		table $NF plain_dnat {
			chain service { $NF daddr $VIP tcp dport 80 dnat to $(_host $FAR):8080; }
			chain prerouting { type nat hook prerouting priority dstnat; jump service; }
			chain output { type nat hook output priority -100; jump service; }
		}
	END
	for host in client box; do
		is "IPv$F, $host: DNAT" "$(who $host $VIP 80)" "peer, $(socats $BOX)"
	done

	# SNAT before local delivery.
	is "IPv$F: the server on the box sees the client" "$(who client $BOXCL 7003)" "box, $(socats $CLIENT)"
	must nft -f - <<-END
		table $NF plain_input {
			chain input { type nat hook input priority 100; $NF saddr $CLIENT tcp dport 7003 snat to $SEEN; }
		}
	END
	is "IPv$F: with SNAT in INPUT another address" "$(who client $BOXCL 7003)" "box, $(socats $SEEN)"

	# The transparent proxy.
	must $IP route add local default dev lo table 102
	must $IP rule add pref 102 fwmark 2/2 lookup 102
	must nft -f - <<-END
		table $NF plain_tproxy {
			chain prerouting {
				type filter hook prerouting priority mangle
				iifname { "cl0", "lo" } $NF daddr $FAR tcp dport 8081 tproxy to :3129 meta mark set meta mark | 2 accept
			}
			chain output {
				type route hook output priority mangle
				$NF daddr $FAR tcp dport 8081 ct state new meta skuid 13 ct mark set ct mark | 2
				$NF daddr $FAR tcp dport 8081 ct mark & 2 == 0 meta mark set meta mark | 2
			}
		}
	END
	for host in client box; do
		is "IPv$F, $host: by the proxy" "$(who $host $FAR 8081)" "asked for $(socats $FAR):8081
peer, $(socats $BOX)"
	done
done
is 'no nvi device, no rule UNHOLE' "$(ip link show type nvi 2>/dev/null | wc -l) $(nft list ruleset | grep -c UNHOLE)" '0 0'
