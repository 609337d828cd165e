# SPDX-License-Identifier: GPL-2.0-only
# FTP through SNAT on the way into the hole, for clients and for the box itself.
#
#   client --- CLIENT_IF [box] --- SERVER
#
# FTP names addresses in its text. NAT writes another one, which may be longer or
# shorter, and from then on the connection's sequence numbers are adjusted: on
# each way out of the box, except one of a forwarded packet through lo. So what
# a client sends is adjusted once, by the second pass; what the box sends would
# be adjusted twice. Hence the second pass of the box's own packets is untracked.
# (nvi leaves that of an FTP connection untracked, for whomever.)
#
# CLIENT_IF   the device that clients come in by
# SERVER      the FTP server
# SNAT        the source that it sees, for clients
# SNAT_OWN    the same for the box's own connections
# VIA, FRONT, MARK, ...   see open.sh
# shellcheck shell=sh
set -e
: "${CLIENT_IF:=cl0}" "${SERVER:=203.0.113.7}" "${SNAT:=192.0.2.9}" "${SNAT_OWN:=192.0.2.198}"
cd "$(dirname "$0")"
NEEDS=$CLIENT_IF USES=own BITS=2 OPEN=no . ./open.sh
forwarding

# The helper reads the control connection, and expects the data connection. Its
# NAT half is not loaded by itself.
modprobe nf_nat_ftp
# BIT1 is on what the box sends, BIT2 on what clients do.
[ "$VIA" != lo ] ||
	"$IPT" -t raw -I PREROUTING -i lo -m mark --mark "$BIT1/$BIT1" -j UNHOLE --notrack --set-xmark "0/$BIT1"
hole
let_in "$CLIENT_IF"
into "$TABLE"
if [ "$FRONT" = nft ]; then
	chains ftp-snat <<-EOF
		ct helper reader {
			type "ftp" protocol tcp
		}
		chain prerouting {
			type filter hook prerouting priority mangle + 10
			iifname "$CLIENT_IF" $NF daddr $SERVER meta mark set meta mark | $BIT2
			iifname "$CLIENT_IF" $NF daddr $SERVER tcp dport 21 ct helper set "reader"
		}
		chain output {
			type route hook output priority mangle + 10
			$NF daddr $SERVER meta mark set meta mark | $BIT1
			$NF daddr $SERVER tcp dport 21 ct helper set "reader"
		}
		chain postrouting {
			type nat hook postrouting priority srcnat - 1
			oifname "$VIA" $NF daddr $SERVER meta mark & $BIT1 != 0 snat to $SNAT_OWN
			oifname "$VIA" $NF daddr $SERVER snat to $SNAT
		}
	EOF
else
	"$IPT" -t raw -A PREROUTING -i "$CLIENT_IF" -d "$SERVER" -p tcp --dport 21 -j CT --helper ftp
	"$IPT" -t raw -A OUTPUT -d "$SERVER" -p tcp --dport 21 -j CT --helper ftp
	"$IPT" -t mangle -A PREROUTING -i "$CLIENT_IF" -d "$SERVER" -j MARK --set-xmark "$BIT2/$BIT2"
	"$IPT" -t mangle -A OUTPUT -d "$SERVER" -j MARK --set-xmark "$BIT1/$BIT1"
	"$IPT" -t nat -A POSTROUTING -o "$VIA" -d "$SERVER" -m mark --mark "$BIT1/$BIT1" -j SNAT --to-source "$SNAT_OWN"
	"$IPT" -t nat -A POSTROUTING -o "$VIA" -d "$SERVER" -j SNAT --to-source "$SNAT"
fi
# The second lookup of what the box sends has nvi0 as its input device, or no mark.
$IP rule add pref "$PREF" iif lo fwmark "$BIT1/$BIT1" lookup "$TABLE"
$IP rule add pref "$PREF" iif "$CLIENT_IF" fwmark "$BIT2/$BIT2" lookup "$TABLE"
