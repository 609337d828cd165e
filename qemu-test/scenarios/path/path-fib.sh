# SPDX-License-Identifier: GPL-2.0-only
# unhole-path's own lookup beside the kernel's (RTM_GETROUTE): policy rules and routes by
# chance, of both families, and questions about them. Where the lookup says that it is sure,
# the kernel says the same. More of them: QUESTIONS= for each of five sets.
# patches: none
# weight: 15
. /unhole/predict.sh
predict_wires
must sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
# Whether the kernel objects to a source is not the question here.
for d in all default cl0 up0 up1; do must sysctl -qw net.ipv4.conf.$d.rp_filter=0 net.ipv4.conf.$d.accept_local=1; done
for seed in 1 2 3 4 5; do
	for f in 4 6; do
		must python3 /unhole/random_routes.py $seed $f >/run/batch
		# What is there already is there
		ip -$f -force -batch /run/batch >/run/refused 2>&1
		at_most "set $seed, IPv$f: lines that ip refuses" "$(grep -c '^Command failed' /run/refused)" 10
	done
	must /unhole/fib-diff $seed "${QUESTIONS:-10500}" >/run/diff
	cat /run/diff
	tail -n 1 /run/diff >>/run/sums
	for f in 4 6; do
		ip -$f rule flush
		must ip -$f rule add pref 32766 lookup main
		for t in 60 61 62 63 64 65; do ip -$f route flush table $t 2>/dev/null; done
	done
done
set -- $(awk '{ for (i = 2; i <= 10; i += 2) s[i] += $i } END { print s[2], s[4], s[6], s[8], s[10] }' /run/sums)
echo "# $1 answers: $2 the same, $3 refused for other reasons, $4 not sure, $5 differ"
is 'the kernel says something else' "$5" 0
at_least 'answers' "$1" $((5 * ${QUESTIONS:-10500} * 9 / 10))
at_least 'the same, of a hundred' $(($2 * 100 / $1)) 70
at_most 'not sure, of a hundred' $(($4 * 100 / $1)) 15
