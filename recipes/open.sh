# SPDX-License-Identifier: GPL-2.0-only
# Opens what the first lookup leads into: what is routed to $VIA is routed again.
# There are two ways, and the recipes that source this serve both:
#
#   VIA=lo     loopback, opened by the target UNHOLE. Between the two lookups the
#              packet crosses PREROUTING. A kernel without the core patches wants
#              stock-sysctls.sh
#   VIA=nvi0   (any name but lo) a device of the driver nvi, which needs no rule, no
#              patch and no sysctl. Between the two lookups lies POSTROUTING only.
#              A device that exists is taken as it is, so that recipes can share it
#
# IPTABLES   iptables, or ip6tables for an IPv6 recipe
# XMARK      the mark that a packet has from here on, if it shall have another one
# AGAIN      what else the second pass needs, nothing by default. With "prerouting" it
#            crosses PREROUTING on either way; with "reset-ct" it has a conntrack entry
#            of its own there
#
# What table mangle does to a packet before it is looked up again stands in the
# chain $CHAIN, with $WAY $VIA.
# shellcheck shell=sh
: "${VIA:=lo}" "${IPTABLES:=iptables}" "${XMARK:=}" "${AGAIN:=}"
CHAIN=PREROUTING WAY=-i
if [ "$VIA" = lo ]; then
	reset=
	[ "$AGAIN" != reset-ct ] || reset=--reset-ct
	"$IPTABLES" -t raw -A PREROUTING -i lo -j UNHOLE $reset ${XMARK:+--set-xmark "$XMARK"}
else
	[ -d "/sys/class/net/$VIA" ] || ip link add "$VIA" type nvi
	table=raw
	case $AGAIN in
	prerouting) ethtool --set-priv-flags "$VIA" prerouting on ;;
	reset-ct) ethtool --set-priv-flags "$VIA" prerouting on reset-ct on ;;
	*) table=mangle CHAIN=POSTROUTING WAY=-o ;;
	esac
	ip link set "$VIA" up
	[ -z "$XMARK" ] || "$IPTABLES" -t "$table" -A "$CHAIN" "$WAY" "$VIA" -j MARK --set-xmark "$XMARK"
fi
export CHAIN WAY
