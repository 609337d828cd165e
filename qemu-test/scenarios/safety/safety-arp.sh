# SPDX-License-Identifier: GPL-2.0-only
# The input lookup serves ARP too, with other things in the control block. An ARP
# packet on lo whose control block happens to hold the bit gets no exemption: a
# sender with an address of the box stays a martian, and has no answer.
# not on: stock: it has no exemption that could be misused
# spread: no
topology
must ip link set lo arp on
must ip route add 10.7.7.7 dev up0
capture lo box lo
# ask SENDER, in hexadecimal: who has BOX? lo's hardware type is 772.
ask() {
	must mausezahn -q lo -c 3 "$(echo "000000000000 020000000001 0806 0304 0800 06 04 0001
		020000000001 $1 000000000000 c0000201" | tr -d ' \t\n' | sed 's/../&:/g; s/:$//')"
}
# answers SENDER: loopback works packet by packet, so what a later ping has not
# overtaken will not come.
answers() {
	_pings=$((${_pings:-0} + 1))
	pings box 1 127.0.0.1 >/dev/null
	wait_for 5 _pinged || not_ok 'the capture on lo did not settle'
	seen lo "arp[6:2] == 2 and arp[24:4] == 0x$1"
}
_pinged() { [ "$(seen lo 'icmp[0] == 0')" -ge $_pings ]; }

ask 0a070707
is 'a sender that is not local is answered' "$(answers 0a070707)" 3
must insmod "/lib/modules/$(uname -r)/updates/plant.ko" fault=arp
ask c6336401
is 'one with an address of the box is not' "$(answers c6336401)" 0
is 'though the bit was set' "$(cat /sys/module/plant/parameters/hits)" 3
must rmmod plant
