# SPDX-License-Identifier: GPL-2.0-only
# FTP through SNAT at -o lo, active and passive, of a client and of the box: the
# address in PORT is translated, and sequence numbers are adjusted once. With the
# entry dropped for the client they are not adjusted at all, with the entry kept
# for the box twice: the control connection stands still.
# kernels: 6.1 6.12 stock
# weight: 5
topology
# Each SNAT address has another length, as text, than the one that it hides.
addresses box up0 192.0.2.9/24,192.0.2.198/24
stock_sysctls
recipe ftp-snat CLIENT_IF=cl0 SERVER=$FAR SNAT=192.0.2.9 SNAT_OWN=192.0.2.198

{ cat /etc/passwd; echo ftp:x:21:21::/run/ftp:/bin/sh; } >/run/passwd
must mount --bind /run/passwd /etc/passwd
mkdir -p /run/ftp/up /run/empty
chmod 755 /run /run/ftp
chmod 555 /run/empty
chmod 777 /run/ftp/up
head -c 300000 /dev/urandom >/run/ftp/file
cat >/run/vsftpd.conf <<E
listen=YES
background=NO
anonymous_enable=YES
no_anon_password=YES
anon_world_readable_only=NO
anon_root=/run/ftp
write_enable=YES
anon_upload_enable=YES
anon_umask=022
nopriv_user=ftp
secure_chroot_dir=/run/empty
seccomp_sandbox=NO
isolate=NO
isolate_network=NO
E
on peer vsftpd /run/vsftpd.conf >/run/vsftpd.log 2>&1 &
wait_for 10 _listens peer t 21 || must false
capture wire peer eth0

# ftp NS SECONDS: two files in active mode, one down and one up, then one in
# passive mode.
ftp() {
	rm -f /run/got /run/ftp/up/* /run/got.passive
	on "$1" timeout "$2" tnftp -n -v $FAR >/run/ftp.log 2>&1 <<E
user anonymous x
epsv4 off
passive off
get file /run/got
put /run/got up/file
passive on
get file /run/got.passive
bye
E
}
# commands WORD SOURCE: how often a command is on the wire. A repetition of a
# lost segment counts as well.
commands() { show wire "src $2 and tcp dst port 21" | grep -c "	$1"; }

# works WHO NS SNAT SNAT,WITH,COMMAS
works() {
	conntrack -F 2>/dev/null
	ftp "$2" $((30 * ${SLOW:-1}))
	check "$1: active, server to client, byte for byte" cmp /run/ftp/file /run/got
	check "$1: active, client to server, byte for byte" cmp /run/ftp/file /run/ftp/up/file
	check "$1: passive, byte for byte" cmp /run/ftp/file /run/got.passive
	settled wire
	is "$1: PORT names the translated address, twice" "$(commands "PORT $4," "$3")" 2
	is "$1: and no other" "$(commands PORT "$3")" 2
	is "$1: every command once: no segment was sent again" \
		"$(commands 'USER\|TYPE\|RETR\|STOR\|PASV\|QUIT' "$3")" 7
	is "$1: the server has opened the connection of each, active" \
		"$(seen wire "src $FAR and dst $3 and tcp[13] == 2")" 2
}
works client client 192.0.2.9 192,0,2,9
works 'the box' box 192.0.2.198 192,0,2,198

# stalls WHO NS SNAT: PORT is the last that the server understands.
stalls() {
	conntrack -F 2>/dev/null
	settled wire
	port=$(commands PORT "$3") data=$(seen wire "src $FAR and dst $3 and tcp[13] == 2")
	ftp "$2" $((4 * ${SLOW:-1}))
	refute "$1: nothing arrives" cmp /run/ftp/file /run/got
	settled wire
	at_least "$1: though PORT was sent" $(($(commands PORT "$3") - port)) 1
	is "$1: the server never opens a connection" $(($(seen wire "src $FAR and dst $3 and tcp[13] == 2") - data)) 0
}
must iptables -t raw -R PREROUTING 2 -i lo -j UNHOLE --notrack
stalls 'client, --notrack: adjusted never' client 192.0.2.9
must iptables -t raw -R PREROUTING 2 -i lo -j UNHOLE
must iptables -t raw -R PREROUTING 1 -i lo -m mark --mark 0x50 -j UNHOLE --set-xmark 0
stalls 'the box, entry kept: adjusted twice' box 192.0.2.198
must iptables -t raw -R PREROUTING 1 -i lo -m mark --mark 0x50 -j UNHOLE --notrack --set-xmark 0

# Without the helper, PORT names the private address, and the server refuses it;
# passive mode needs no help.
must iptables -t raw -D PREROUTING -i cl0 -d $FAR -p tcp --dport 21 -j CT --helper ftp
conntrack -F 2>/dev/null
ftp client $((30 * ${SLOW:-1}))
says 'no helper: the server refuses the private address' "$(cat /run/ftp.log)" '500 Illegal PORT'
refute 'no helper: active mode fails' cmp /run/ftp/file /run/got
check 'no helper: passive mode works' cmp /run/ftp/file /run/got.passive
