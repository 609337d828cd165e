# SPDX-License-Identifier: GPL-2.0-only
# unhole-path on a box whose addresses change all the time: the kernel interrupts the
# dump of what changes, and it is taken again.
# weight: 7
topology
i=0
while [ $i -lt 600 ]; do
	echo "addr add 10.$((i / 200)).$((i % 200)).1/24 dev up0"
	i=$((i + 1))
done >/run/batch
must ip -batch /run/batch
i=0
while [ $i -lt 5000 ]; do
	printf 'addr add 10.99.9.9/32 dev cl0\naddr del 10.99.9.9/32 dev cl0\n'
	i=$((i + 1))
done >/run/churn
while ip -batch /run/churn; do :; done &
churn=$!
i=0 failed=0
while [ $i -lt 30 ]; do
	i=$((i + 1))
	unhole-path to $FAR >/run/out 2>/run/err || failed=$((failed + 1))
done
is 'of 30 questions, unanswered' $failed 0
check 'and it did change all the time' kill $churn
says 'the answer' "$(cat /run/out)" "leaves by up0 via $PEER"
