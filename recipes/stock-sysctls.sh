# SPDX-License-Identifier: GPL-2.0-only
# What the second lookup needs on a kernel without the core patches: the least. A script
# that sources this sets it for good; "sh stock-sysctls.sh undo" takes back what "sh
# stock-sysctls.sh" has set, with the same FOR.
#
# FOR   whose packets go through the hole: own (IPv4 packets of the box), clients,
#       own6, clients6. Several are separated by spaces.
# shellcheck shell=sh
case ${0##*/} in
stock-sysctls.sh)
	set -e
	cd "$(dirname "$0")"
	INSTANCE=$(echo ${FOR:-own} | tr ' ' -) VIA=lo BITS=0 FILLS=none OPEN=no . ./open.sh
	;;
esac
for what in ${FOR:-own}; do
	case $what in
	own) sysctl -qw net.ipv4.conf.lo.accept_local=1 net.ipv4.conf.lo.forwarding=1 ;;
	clients) sysctl -qw net.ipv4.conf.lo.accept_local=1 net.ipv4.ip_forward=1 ;;
	own6 | clients6)
		# Linux 6.17 and later let lo alone forward.
		if [ "$what" = own6 ] && [ -e /proc/sys/net/ipv6/conf/lo/force_forwarding ]; then
			sysctl -qw net.ipv6.conf.lo.force_forwarding=1
			continue
		fi
		# A router drops the default routes that it has learned by router
		# advertisements, unless accept_ra is 2.
		for dev in $(ip -6 route show default proto ra | sed -n 's/.* dev \([^ ]*\).*/\1/p' | sort -u); do
			sysctl -qw "net/ipv6/conf/$dev/accept_ra=2"
		done
		sysctl -qw net.ipv6.conf.all.forwarding=1
		;;
	esac
done
