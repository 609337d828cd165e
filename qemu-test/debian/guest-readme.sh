# SPDX-License-Identifier: GPL-2.0-only
# In a guest that runs Debian's kernel, with Debian installed and nothing of ours: what a new
# user does who has README and no more, typed as it stands there, from "apt install" to two
# uplinks that work. Then the guest boots again, twice: with the unit that README enables the
# set-up is there before the network is, and without it, it is not. At last all is purged.
#
# The network is recipes/lab.sh's, as README's is. At boot it comes late, as networks do, and
# ifupdown's hooks are called for it.
# shellcheck shell=sh
. /mnt/guest-lib.sh
. /mnt/examples.sh
DOC=/usr/share/doc/unhole-tools SCRIPT=/usr/lib/unhole/two-isps.sh
STAGE=/var/lib/guest-readme

# typed COMMAND: as it stands in a document
typed() { check "$1" sh -c "$1"; }
# It boots again, and this script with it.
reboots() { # STAGE
	echo "$1" >$STAGE
	trap - EXIT
	sync
	systemctl reboot
	exec sleep infinity
}
# What came to each provider of pings since it was asked last: with the address that it knows,
# and with another one.
counted() {
	for _isp in isp1 isp2; do
		ip netns exec $_isp nft reset counters | awk '$1 == "packets" { print $2 }'
	done | tr '\n' ' '
}
counters() {
	for _isp in "isp1 192.0.2.1" "isp2 192.0.2.129"; do
		ip netns exec "${_isp% *}" nft -f - <<-END
			table ip seen {
				counter known { }
				counter other { }
				chain in {
					type filter hook prerouting priority -300;
					icmp type echo-request ip saddr ${_isp#* } counter name known
					icmp type echo-request ip saddr != ${_isp#* } counter name other
				}
			}
		END
	done
}
client() { ip netns exec client ping -q -i 0.2 -c 3 -W 2 -I "$1" 203.0.113.7; }
# leaves WHEN: packets of the clients and of the box leave by the uplink of their source.
leaves() {
	counted >&2
	check "$1: client .2 is answered" answers client 198.51.100.2
	is "$1: client .2 leaves by up1, with its address" "$(counted)" '3 0 0 0 '
	check "$1: client .3 is answered" answers client 198.51.100.3
	is "$1: client .3 leaves by up2, with its address" "$(counted)" '0 0 3 0 '
	check "$1: the box is answered" ping -q -i 0.2 -c 2 -W 2 203.0.113.7
	is "$1: the box leaves by up1" "$(counted)" '2 0 0 0 '
	check "$1: the box is answered with its other address" ping -q -i 0.2 -c 2 -W 2 -I 192.0.2.129 203.0.113.7
	is "$1: ... and leaves by up2 with it" "$(counted)" '0 0 2 0 '
}
# Rules, routes and tables, as they are.
state() { ip rule; ip -6 rule; ip route show table all; ip -6 route show table all; nft list tables; ip -br link; sysctl -a -r 'rp_filter|forward'; }

stage=$(cat $STAGE 2>/dev/null || echo first)
case $stage in
first)
	begin packages-guest-readme
	mkdir -p /usr/share/unhole-dkms /root/checkout/results /etc/unhole
	# Compiling takes minutes under emulation: see guest-install.sh.
	cp /mnt/*.dkms.tar.gz /usr/share/unhole-dkms/
	ln -s /mnt/new /root/checkout/results/deb
	# Who answers apt
	echo 'APT::Get::Assume-Yes "true"; Dpkg::Use-Pty "0";' >/etc/apt/apt.conf.d/yes
	refute 'there is nothing of ours before' sh -c 'command -v unhole-path || modinfo nvi'
	install=$(readme_commands /mnt/README.md | sed -n 's/^line \(apt install .*\)/\1/p')
	is 'README installs with one command' "$(echo "$install" | wc -l)" 1
	cd /root/checkout || exit
	typed "$install"
	cd "$DOC" || exit
	blocks_shown tour /mnt/README.md
	lab=$(sed -n 's/^# \(sh recipes\/lab.sh\)$/\1/p' /run/shown)
	typed "$lab"
	udevadm settle
	counters
	blocks_shown 'isps: two-isps.conf' /mnt/README.md
	check 'README shows a configuration' cp /run/shown /etc/unhole/two-isps.conf
	says 'README says where the script is, once installed' "$(cat /mnt/README.md)" "once installed, the script is .$SCRIPT"
	blocks_shown isps /mnt/README.md
	sed -i "s#recipes/two-isps.sh#$SCRIPT#" /run/shown
	sed -n 's/^# //p' /run/shown | sh /mnt/transcript | _same >/run/typed
	is 'README shows commands' "$(grep -c '^# ' /run/shown)" 3
	check 'they say what README shows' diff -u /run/shown /run/typed
	leaves installed
	says 'doctor' "$(unhole-path doctor; echo "status $?")" '^status 0'
	grep -E '^up[12] ' /run/shown >/var/lib/guest-shown
	typed "$(grep -o 'systemctl enable [a-z-]*' /mnt/README.md)"
	# The other one's network, which comes up late
	cat >/etc/systemd/system/lab.service <<-'END'
		[Unit]
		After=network-pre.target nftables.service
		[Service]
		Type=oneshot
		RemainAfterExit=yes
		ExecStart=/bin/sh /usr/share/doc/unhole-tools/recipes/lab.sh
		ExecStart=udevadm settle
		ExecStart=/bin/sh -c 'for d in up1 up2; do MODE=start IFACE=$$d run-parts --exit-on-error /etc/network/if-up.d; done'
		[Install]
		WantedBy=multi-user.target
	END
	# ... and a firewall, which begins by flushing all tables.
	check 'other units' systemctl -q enable lab nftables
	end
	reboots enabled
	;;
enabled)
	begin packages-guest-reboot
	check 'the network has come up' systemctl start lab.service
	counters
	is 'the unit is at work' "$(systemctl is-active two-isps)" active
	is 'nftables has loaded its rules' "$(systemctl is-active nftables)" active
	entered() { systemctl show -p ActiveEnterTimestampMonotonic --value "$1"; }
	check 'it was there before the network' test "$(entered two-isps)" -lt "$(entered lab)"
	is 'table, rules and device are there' "$(nft list tables | grep -c 'ip.* unhole-two-isps') $(ip rule | grep -c 'iif nvi0 unreachable') $(ip -br link show nvi0 | wc -l)" \
		'2 1 1'
	status=$(sh $SCRIPT status)
	is 'status ends with' $? 0
	is 'it says what README shows' "$status" "$(cat /var/lib/guest-shown)"
	leaves 'after a reboot'
	says 'doctor' "$(unhole-path doctor; echo "status $?")" '^status 0'
	check 'the firewall is reloaded' systemctl reload nftables
	# (Whose end nobody waits for: until then nothing translates, or guards.)
	check 'the set-up is made again by that' answers sh $SCRIPT status
	leaves 'after a reload of the firewall'
	check 'the unit is disabled' systemctl disable two-isps
	journalctl -q -b -u two-isps -u lab -t two-isps --no-pager >&2
	end
	reboots disabled
	;;
disabled)
	begin packages-guest-disabled
	check 'the network has come up' systemctl start lab.service
	counters
	is 'the unit is not at work' "$(systemctl is-active two-isps)" inactive
	is 'nothing of it is there' "$(nft list tables | grep -c unhole) $(ip rule | grep -c nvi0) $(ls -d /sys/class/net/nvi0 /sys/module/nvi 2>/dev/null)" '0 0 '
	refute 'status' sh $SCRIPT status
	says 'status says so' "$(sh $SCRIPT status)" '^error: it is not up'
	state >/run/before
	check 'the unit is enabled again' systemctl enable two-isps
	check 'and it is made by hand' sh $SCRIPT up
	leaves 'once more'
	typed "$(readme_commands /mnt/INSTALL.md | sed -n 's/^line \(apt purge .*\)/\1/p')"
	is 'no rule, no route, no table and no device is left' "$(state | diff /run/before - | head -n 5)" ''
	check 'the module can be unloaded' rmmod nvi
	rm -r /usr/share/unhole-dkms /root/checkout
	is "no file is left but the user's own" "$(find / -xdev \( -iname '*unhole*' -o -name '*two-isps*' \) ! -path '/var/log/*' ! -path /etc/hostname | tr '\n' ' ')" \
		'/etc/unhole /etc/unhole/two-isps.conf '
	refute 'systemd has no such unit' systemctl cat two-isps
	is 'nothing has failed' "$(systemctl --failed --no-legend --plain | grep -v proof)" ''
	end
	;;
esac
