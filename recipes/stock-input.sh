# SPDX-License-Identifier: GPL-2.0-only
# On a kernel without the core patches: what comes out of the hole and is for
# this box must not pass as loopback's own traffic. Only the box has addresses
# that are local.
# shellcheck shell=sh
iptables -I INPUT -i lo -m addrtype ! --src-type LOCAL -j DROP
ip6tables -I INPUT -i lo -m addrtype ! --src-type LOCAL -j DROP
