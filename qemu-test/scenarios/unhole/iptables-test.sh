# SPDX-License-Identifier: GPL-2.0-only
# The plug-in's tests in iptables' own format, by iptables' own runner, with both
# front ends and both families; and the runner's own judgement: a line that is
# wrong turns it red.
# weight: 10
# The runner takes a file's family from its name.
# spread: no
must cp /unhole/libxt_UNHOLE.t /run/libxt_UNHOLE.t
must cp /unhole/libxt_UNHOLE.t /run/libip6t_UNHOLE.t
lines=$(grep -c ';' /run/libxt_UNHOLE.t)
for v in legacy nft; do
	for f in libxt libip6t; do
		out=$(python3 /unhole/iptables-test.py -H --no-netns --$v /run/${f}_UNHOLE.t 2>&1)
		echo "$out"
		says "$v, $f: every line passes" "$out" "1 test files, $lines unit tests, $lines passed"
	done
done
at_least 'lines' "$lines" 25
{ echo :PREROUTING; echo '*raw'; echo '-j UNHOLE --frobnicate;=;OK'; } >/run/libxt_wrong.t
says 'a wrong line is seen' "$(python3 /unhole/iptables-test.py -H --no-netns --legacy /run/libxt_wrong.t 2>&1)" \
	'cannot load' '1 unit tests, 0 passed'
