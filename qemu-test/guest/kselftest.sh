# SPDX-License-Identifier: GPL-2.0-only
# In the guest: the kernel's own tests, one after the other, as /results/kselftest/to-run says.
# shellcheck shell=sh
cd /results/kselftest || exit
mkdir -p log
cp -r --remove-destination extra/. /usr/
[ -e /bin/bash ] || ln -s /usr/bin/bash /bin/bash
# They look for themselves in a folder that is written to quickly.
mkdir /kselftest
cp -r net kselftest /kselftest/
mount -t debugfs debugfs /sys/kernel/debug 2>/dev/null
while read -r limit test <&3; do
	log=/results/kselftest/log/$(echo "$test" | tr / _)
	cd "/kselftest/${test%/*}" || exit
	timeout -k 10 "$limit" "./${test##*/}" >/tmp/log 2>&1 </dev/null
	echo "exit $?" >>/tmp/log
	cp /tmp/log "$log"
	echo "$test: $(tail -n 1 /tmp/log)"
	# What a test that ran out of time leaves behind is not the next one's.
	for ns in $(ip netns list | cut -d' ' -f1); do
		ip netns pids "$ns" | xargs -r kill -9
		ip netns del "$ns"
	done
	nft flush ruleset
done 3<to-run
