# SPDX-License-Identifier: GPL-2.0-only
# NAT before IPsec: the tunnel takes what has the source T only. A client's packets and
# the box's own get that source on their first pass, and IPsec's policy on the second
# pass encrypts them. Nothing is on the wire in the clear, and the replies come back to
# the client. The policy names the device up0, which the first pass does not leave by.
# Where it names none, SNAT's own look at the policies is enough: the packet is encrypted
# on its first pass, and there is no second one, but on lo in IPv4, which has
# disable_xfrm=1. In both families. With an nvi device: nvi-ipsec-policy.
#
#   client --- cl0 [box] up0 === ESP, for T only === peer, 203.0.113.7 behind it
#
# claims: L9
# weight: 14
topology
. /unhole/second.sh
modprobe -a esp4 esp6 xfrm_user xt_policy 2>/dev/null || :
capture wire box up0
capture peer peer eth0
capture client client eth0

sent() { seen wire "esp and src $BOX and dst $PEER"; }
# asks WHAT NS PASSES: 3 pings to FAR, of which so many pass again.
asks() {
	unholed=$(passed_again) esps=$(sent) second=$(rule_packets 'comment second' $IPT)
	check "$1: answered" pings $2 3 $FAR
	settled wire
	is "$1: encrypted, once each" $(($(sent) - esps)) 3
	is "$1: passed again" $(($(passed_again) - unholed)) "$3"
	is "$1: FORWARD sees there that they will be encrypted" $(($(rule_packets 'comment second' $IPT) - second)) "$3"
}
for f in 4 6; do
	family $f
	[ $F = 4 ] && T=192.0.2.129 || T=2001:db8:2::129
	must ip addr add $T/$LEN dev up0
	into $T
	must $IP route add default via $PEER table 60
	must $IPT -A FORWARD -o up0 -s $T -m policy --dir out --pol ipsec --mode tunnel -m comment --comment second
	esp box
	esp peer
	policy peer $T $FAR in
	policy peer $FAR $T out
	policy box $FAR $T in
	policy box $FAR $T fwd

	policy box $T $FAR out dev up0
	asks "IPv$F, a client" client 3
	asks "IPv$F, the box" box 3
	speaks "IPv$F, a client" client peer $FAR
	speaks "IPv$F, the box" box peer $FAR
	settled client
	at_least "IPv$F: replies come back in the clear" "$(seen client "$REPLY and src $FAR and dst $CLIENT")" 6

	# No policy, no ESP: the far end takes nothing else.
	must ip xfrm policy del src $T dst $FAR dev up0 dir out
	esps=$(sent)
	refute "IPv$F, no policy: not answered" pings client 1 $FAR -W 1
	settled wire
	is "IPv$F, no policy: nothing is encrypted" $(($(sent) - esps)) 0
	is "IPv$F, no policy: in the clear, this one" "$(seen wire "src $T and dst $FAR")" 1

	# A policy for any device.
	policy box $T $FAR out
	[ $VIA$F = lo4 ] && passes=3 || passes=0
	asks "IPv$F, any device, a client" client $passes
	asks "IPv$F, any device, the box" box $passes
	if [ $VIA$F != lo4 ] && [ $F = 4 ]; then
		must sysctl -qw net.ipv4.conf.$VIA.disable_xfrm=1
		asks "IPv$F, any device, disable_xfrm, a client" client 3
		asks "IPv$F, any device, disable_xfrm, the box" box 3
	fi
	settled wire
	settled peer
	is "IPv$F: nothing else left in the clear" "$(seen wire "dst $FAR")" 1
	is "IPv$F: nor did a reply" "$(seen peer "src $FAR")" 0
done
