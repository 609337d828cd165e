# SPDX-License-Identifier: GPL-2.0-only
# What the second lookup needs on a kernel without the core patches.
# shellcheck shell=sh
sysctl -qw net.ipv4.conf.lo.accept_local=1 net.ipv4.ip_forward=1 \
	net.ipv6.conf.all.forwarding=1
