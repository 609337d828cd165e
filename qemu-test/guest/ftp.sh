# SPDX-License-Identifier: GPL-2.0-only
# For scenarios with FTP: a server in "peer" at $FAR, of family $F, with the file
# /run/ftp/file and the folder up; and a client. What it says is read from the capture
# "wire". PORT and PASV are what the family calls these commands.
# shellcheck shell=sh disable=SC2034
if [ "$F" = 4 ]; then
	PORT=PORT PASV=PASV
else
	PORT=EPRT PASV=EPSV
fi
{ cat /etc/passwd; echo ftp:x:21:21::/run/ftp:/bin/sh; } >/run/passwd
must mount --bind /run/passwd /etc/passwd
mkdir -p /run/ftp/up /run/empty
chmod 755 /run /run/ftp
chmod 555 /run/empty
chmod 777 /run/ftp/up
head -c 300000 /dev/urandom >/run/ftp/file
cat >/run/vsftpd.conf <<E
$([ "$F" = 4 ] && echo listen=YES || echo listen_ipv6=YES)
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
# commands WORD SOURCE: how often a command is on the wire, a segment that was sent again
# (a loaded host is slow to answer) counted once.
commands() {
	show wire "src $2 and tcp dst port 21" | awk '
		/ > .* seq / { match($0, / seq [0-9]+/); segment = $1 substr($0, RSTART, RLENGTH) }
		/^\t/ && !((segment $0) in had) { had[segment $0]; print }' | grep -c "	$1"
}
