# SPDX-License-Identifier: GPL-2.0-only
# A locally made packet that is routed into loopback is delivered on the box,
# whatever its destination: it never reaches the other host. No rule, no patch
# changes that.
# claims: L1
# spread: no
topology
hole_local
stock_sysctls
capture wire peer eth0
lo=$(rx lo)

# On the box, an address that is not its own: a server that listens on every
# address gets what was meant for the other host.
socat -u UDP4-RECV:4000 CREATE:/run/got &
wait_for 5 _listens box u 4000
check 'a datagram for the other host is sent' sh -c "echo lost | socat -u - UDP4-SENDTO:$FAR:4000"
check 'it is delivered on the box' wait_for 5 grep -q lost /run/got
refute 'a ping for the other host has no answer' pings box 3 $FAR
is 'one pass each' $(($(rx lo) - lo)) 4
settled wire
is 'nothing for the other host on the wire' "$(seen wire "host $FAR")" 0
