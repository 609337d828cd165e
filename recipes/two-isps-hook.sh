#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Tells two-isps.sh what becomes of an uplink. A copy of this is for (the package
# unhole-tools has put them there)
#
#   /etc/dhcp/dhclient-exit-hooks.d/unhole                      dhclient (which sources it)
#   /etc/network/if-up.d/unhole, if-post-down.d/unhole          ifupdown
#   /etc/networkd-dispatcher/routable.d/unhole, and in degraded.d, carrier.d, no-carrier.d,
#   off.d                                                       systemd-networkd
#   /etc/NetworkManager/dispatcher.d/unhole                     NetworkManager
#   /etc/ppp/ip-up.d/unhole, ip-down.d/unhole                   pppd
#
# It knows by its environment who calls it, and does nothing for what is no uplink, or where
# two-isps.sh is not up.
#
# TWO_ISPS   the script
# shellcheck shell=sh

_unhole_tell() { sh "$TWO_ISPS" "$@" 2>&1 | logger -t two-isps; }
# shellcheck disable=SC2154 # the environment of the caller
#
# In a subshell: nothing of it is left in the script that sources it.
_unhole_hook() (
	: "${TWO_ISPS:=/usr/lib/unhole/two-isps.sh}"
	[ -e "$TWO_ISPS" ] || exit 0
	if [ -n "${NM_DISPATCHER_ACTION-}${CONNECTION_UUID-}" ]; then
		dev=${DEVICE_IP_IFACE:-$1} address=${IP4_ADDRESS_0-}
		case $2 in
		up | dhcp4-change | dhcp6-change | reapply)
			address=${address%%/*} gateway=${IP4_GATEWAY-}
			_unhole_tell renumber "$dev" ${address:+"$address" ${gateway:+"$gateway"}}
			;;
		down) _unhole_tell withdraw "$dev" ;;
		esac
	elif [ -n "${OperationalState-}" ]; then
		case $OperationalState in
		routable | degraded | carrier) _unhole_tell renumber "$IFACE" ;;
		*) _unhole_tell withdraw "$IFACE" ;;
		esac
	elif [ -n "${PPP_IFACE-}" ]; then
		case $0 in
		*down*) _unhole_tell withdraw "$PPP_IFACE" ;;
		*) _unhole_tell renumber "$PPP_IFACE" ${PPP_LOCAL:+"$PPP_LOCAL"} ;;
		esac
	elif [ -n "${reason-}" ]; then
		case $reason in
		BOUND | REBOOT | RENEW | REBIND)
			# A lease that goes on brings nothing back that was withdrawn.
			case $reason in RENEW | REBIND) [ "${old_ip_address-}" != "$new_ip_address" ] || exit 0 ;; esac
			_unhole_tell renumber "$interface" "$new_ip_address" ${new_routers:+"${new_routers%% *}"}
			;;
		EXPIRE | FAIL | RELEASE | STOP | TIMEOUT | BOUND6 | EXPIRE6 | RELEASE6 | STOP6) _unhole_tell renumber "$interface" ;;
		esac
	elif [ -n "${MODE-}" ] && [ -n "${IFACE-}" ]; then
		case $MODE in
		start) _unhole_tell renumber "$IFACE" ;;
		stop) _unhole_tell withdraw "$IFACE" ;;
		esac
	fi
)
_unhole_hook "$@" || :
