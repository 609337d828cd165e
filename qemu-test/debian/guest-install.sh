# SPDX-License-Identifier: GPL-2.0-only
# In a guest that runs Debian's kernel, with Debian installed and nothing of ours:
# install, use, upgrade and remove the packages.
# shellcheck shell=sh
. /mnt/guest-lib.sh
peers

begin packages-guest-install
# Compiling takes minutes under emulation: the modules were built outside, and DKMS
# takes them from where its own packages would bring them along.
mkdir -p /usr/share/unhole-dkms
cp /mnt/*.dkms.tar.gz /usr/share/unhole-dkms/
refute 'there is no UNHOLE before' iptables -t raw -A PREROUTING -i lo -j UNHOLE
check 'apt installs the packages' apt_install /mnt/old/*.deb
check 'nothing is loaded by that' test ! -d /sys/module/xt_UNHOLE
check 'sysctls as the README says' sh "$RECIPES"/stock-sysctls.sh
check 'the recipe runs' env VIA=lo sh "$RECIPES"/snat-own.sh
is 'the rule' "$(iptables -t raw -S PREROUTING | tail -n 1)" '-A PREROUTING -i lo -j UNHOLE'
check 'a client reaches what is beyond' pings 3
is 'packets with the translated source' "$(arrived)" 3
check 'without the rule' iptables -t raw -D PREROUTING -i lo -j UNHOLE
refute '... it does not' pings 2
is '... and nothing arrives' "$(arrived)" 0
undo
check 'the recipe with an nvi device' env VIA=nvi0 FRONT=iptables sh "$RECIPES"/snat-own.sh
check 'nvi was loaded' test -d /sys/module/nvi
check 'a client reaches what is beyond by nvi0' pings 3
is 'packets that nvi0 let through' "$(arrived)" 3
undo
says 'the manual page' "$(zcat /usr/share/man/man8/xt_UNHOLE.8.gz)" 'set.+xmark'
is 'systemd has nothing to say of the unit of two-isps' "$(systemd-analyze verify two-isps.service 2>&1)" ''
refute 'it is not enabled' systemctl is-enabled two-isps.service
says 'unhole-path' "$(unhole-path doctor)" 'ok .*module: xt_UNHOLE is loaded'
end

begin packages-guest-upgrade
VIA=lo sh "$RECIPES"/snat-own.sh
rules=$(iptables-save -t raw | grep '^-A')
pings 100000 >/run/ping &
# The client's ping is what is asked for its figures
while ! pid=$(ip netns pids client) || [ -z "$pid" ]; do :; done
is 'the module that runs' "$(cat /sys/module/xt_UNHOLE/version)" "$OLD"
check 'apt upgrades them' apt_install /mnt/new/*.deb
is 'the rule stands' "$(iptables-save -t raw | grep '^-A')" "$rules"
for p in $pid; do kill -INT "$p"; done
wait
says 'no packet was lost meanwhile' "$(cat /run/ping)" ' 0% packet loss'
is 'the module on disk is the new one' "$(modinfo -F version xt_UNHOLE)" ''
is 'the module that runs is the old one' "$(cat /sys/module/xt_UNHOLE/version)" "$OLD"
iptables-save >/run/saved
check 'all rules are restored' iptables-restore /run/saved
is 'the rule stands again' "$(iptables-save -t raw | grep '^-A')" "$rules"
arrived >&2
check 'a client reaches what is beyond' pings 3
is 'packets with the translated source' "$(arrived)" 3
undo
check 'the old module goes' rmmod xt_UNHOLE
VIA=lo sh "$RECIPES"/snat-own.sh
check 'the new module is loaded' test -d /sys/module/xt_UNHOLE
refute '... and is the new one' test -e /sys/module/xt_UNHOLE/version
check 'a client reaches what is beyond by the new one' pings 3
is 'packets that it let through' "$(arrived)" 3
end

begin packages-guest-removal
check 'apt purges them while the rule stands' apt-get -q -y -o Dpkg::Use-Pty=0 purge unhole-dkms iptables-unhole unhole-tools
check 'the rule works on' pings 3
is 'packets with the translated source' "$(arrived)" 3
iptables -t raw -S >&2
check 'the rule can be taken away by its number' iptables -t raw -D PREROUTING 1
# (The recipe has gone with its undo.)
iptables -t nat -F
iptables -t mangle -F
while ip rule del lookup 50; do :; done
ip route flush table 50
check 'the modules can be unloaded' rmmod xt_UNHOLE nvi
refute 'there is none to be loaded' modprobe xt_UNHOLE
rm -r /usr/share/unhole-dkms
is 'nothing is left on disk' "$(find / -xdev \( -iname '*unhole*' -o -name 'nvi.ko*' \) ! -path '/var/log/*' ! -path /etc/hostname)" ''
is 'nothing is left in dpkg' "$(dpkg -l | grep unhole)" ''
end
