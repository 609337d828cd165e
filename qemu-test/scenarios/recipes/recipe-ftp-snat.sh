# SPDX-License-Identifier: GPL-2.0-only
# FTP through SNAT at -o lo, active and passive, of a client and of the box: the
# address in PORT is translated, and sequence numbers are adjusted once. With the
# entry dropped for the client they are not adjusted at all, with the entry kept
# for the box twice: the control connection stands still. In IPv6 (recipe-ftp-snat6)
# PORT and PASV are EPRT and EPSV.
# weight: 5
topology
family "${F:-4}"
# Each SNAT address has another length, as text, than the one that it hides. (In
# IPv6 NAT writes it in full.)
SNAT=${UP}9 SNAT_OWN=${UP}198
if [ "$F" = 4 ]; then
	ARG=192,0,2,9, ARG_OWN=192,0,2,198,
else
	ARG='|2|2001:0db8:0002:0000:0000:0000:0000:0009|'
	ARG_OWN='|2|2001:0db8:0002:0000:0000:0000:0000:0198|'
fi
addresses box up0 $SNAT/$LEN,$SNAT_OWN/$LEN
must $IP route replace $FAR via $PEER src $BOX
stock_sysctls
recipe ftp-snat$SIX CLIENT_IF=cl0 SERVER=$FAR SNAT=$SNAT SNAT_OWN=$SNAT_OWN

. /unhole/ftp.sh
capture wire peer eth0

# How the second pass of what the client and the box say is tracked.
must $IPT -t mangle -A FORWARD -o up0 -p tcp --dport 21 -m conntrack --ctstate UNTRACKED
must $IPT -t mangle -A FORWARD -o up0 -p tcp --dport 21 -m conntrack ! --ctstate UNTRACKED

# works WHO NS SNAT SNAT-AS-AN-ARGUMENT
works() {
	conntrack -F -f ipv$F 2>/dev/null
	ftp "$2" $((30 * ${SLOW:-1}))
	check "$1: active, server to client, byte for byte" cmp /run/ftp/file /run/got
	check "$1: active, client to server, byte for byte" cmp /run/ftp/file /run/ftp/up/file
	check "$1: passive, byte for byte" cmp /run/ftp/file /run/got.passive
	settled wire
	is "$1: $PORT names the translated address, twice" "$(commands "$PORT $4" "$3")" 2
	is "$1: and no other" "$(commands $PORT "$3")" 2
	is "$1: every command once: what is adjusted wrongly is said again" \
		"$(commands "USER\|TYPE\|RETR\|STOR\|$PASV\|QUIT" "$3")" 7
	is "$1: the server has opened the connection of each, active" \
		"$(seen wire "src $FAR and dst $3 and tcp and $FLAGS == 2")" 2
}
works client client $SNAT $ARG
works 'the box' box $SNAT_OWN $ARG_OWN

if [ "$VIA" != lo ]; then
	at_least 'the second pass is untracked, by itself' "$(rule_packets 'conntrack --ctstate UNTRACKED' $IPT)" 40
	is 'of every packet' "$(rule_packets 'conntrack ! --ctstate UNTRACKED' $IPT)" 0
fi

# stalls WHO NS SNAT: the port is the last that the server understands.
stalls() {
	conntrack -F -f ipv$F 2>/dev/null
	settled wire
	ports=$(commands $PORT "$3") data=$(seen wire "src $FAR and dst $3 and tcp and $FLAGS == 2")
	ftp "$2" $((4 * ${SLOW:-1}))
	refute "$1: nothing arrives" cmp /run/ftp/file /run/got
	settled wire
	at_least "$1: though $PORT was sent" $(($(commands $PORT "$3") - ports)) 1
	is "$1: the server never opens a connection" $(($(seen wire "src $FAR and dst $3 and tcp and $FLAGS == 2") - data)) 0
}
if [ "$VIA" = lo ]; then
	must $IPT -t raw -R PREROUTING 2 -i lo -j UNHOLE --notrack
	stalls 'client, --notrack: adjusted never' client $SNAT
	must $IPT -t raw -R PREROUTING 2 -i lo -j UNHOLE
	must $IPT -t raw -R PREROUTING 1 -i lo -m mark --mark 0x80/0x80 -j UNHOLE --set-xmark 0/0x80
	stalls 'the box, entry kept: adjusted twice' box $SNAT_OWN
	must $IPT -t raw -R PREROUTING 1 -i lo -m mark --mark 0x80/0x80 -j UNHOLE --notrack --set-xmark 0/0x80
fi

# Without the helper, it names the private address, and the server refuses it;
# passive mode needs no help.
if [ $FRONT = nft ]; then
	chain="$NF unhole-ftp-snat prerouting"
	must nft delete rule $chain handle "$(nft -a list chain $chain | sed -n 's/.*ct helper set.*# handle //p')"
else
	must $IPT -t raw -D PREROUTING -i cl0 -d $FAR -p tcp --dport 21 -j CT --helper ftp
fi
conntrack -F -f ipv$F 2>/dev/null
ftp client $((30 * ${SLOW:-1}))
settled wire
at_least 'no helper: the server refuses the private address' \
	"$(show wire "src $FAR and tcp src port 21" | grep -c "500 Illegal $PORT")" 1
refute 'no helper: active mode fails' cmp /run/ftp/file /run/got
check 'no helper: passive mode works' cmp /run/ftp/file /run/got.passive
