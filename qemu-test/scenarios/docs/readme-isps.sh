# SPDX-License-Identifier: GPL-2.0-only
# README's two ISPs, as a new user has them: the file as it is shown, the commands as they are
# shown, in lab.sh, with a policy of FORWARD that drops and MASQUERADE at both uplinks. What
# they say is what README shows; the clients leave by the provider that they shall, with
# its address; doctor is content; and all can be taken away again.
# patches: none
# weight: 25
. /unhole/examples.sh
cd /unhole || must false
must sh recipes/lab.sh
must nft -f - <<END
table inet filter {
	chain forward {
		type filter hook forward priority 0; policy drop;
		ct state established,related accept
		iifname cl0 oifname { up1, up2 } accept
	}
	chain postrouting {
		type nat hook postrouting priority srcnat;
		oifname { up1, up2 } masquerade
	}
}
END
capture one isp1 eth0
capture two isp2 eth0
blocks_shown 'isps: two-isps.conf' README.md
mkdir -p /etc/unhole
cp /run/shown /etc/unhole/two-isps.conf
at_least 'README shows a configuration' "$(grep -c = /etc/unhole/two-isps.conf)" 4
blocks_shown isps README.md
sed -n 's/^# //p' /run/shown | sh transcript >"$RESULTS/isps.transcript"
_same <"$RESULTS/isps.transcript" >/run/typed
at_least 'README shows commands' "$(grep -c '^# ' /run/shown)" 3
check 'they say what README shows' diff -u /run/shown /run/typed
for n in 2 3; do check "client .$n is answered" pings client 3 203.0.113.7 -I 198.51.100.$n; done
settled one
settled two
is 'each by its provider, with its address' "$(seen one 'icmp[0] == 8 and src 192.0.2.1') $(seen two 'icmp[0] == 8 and src 192.0.2.129')" '3 3'
is 'and with no other' "$(seen one 'icmp[0] == 8 and not src 192.0.2.1') $(seen two 'icmp[0] == 8 and not src 192.0.2.129')" '0 0'
check 'doctor is content' unhole-path doctor
check 'withdraw' sh recipes/two-isps.sh withdraw up2
check 'client .3, by the other' pings client 2 203.0.113.7 -I 198.51.100.3
check 'renumber' sh recipes/two-isps.sh renumber up2
check 'down' sh recipes/two-isps.sh down
is 'nothing is left' "$(nft list tables | grep -c unhole) $(ip rule | grep -c nvi0)" '0 0'
rm -r /etc/unhole
