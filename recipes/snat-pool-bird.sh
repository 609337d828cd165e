# SPDX-License-Identifier: GPL-2.0-only
# On the box of snat-pool.sh: the pool is announced by BGP. The packages that
# distributions make of BIRD start it with /etc/bird/bird.conf; this starts it
# by hand.
#
# RUN   where BIRD puts its socket
# CONF  what it shall do
# shellcheck shell=sh
set -e
: "${RUN:=/run/bird}" "${CONF:=snat-pool-bird.conf}"
cd "$(dirname "$0")"
VIA=none BITS=0 TOOLS='bird birdc' . ./open.sh

# One that this has started before may need a moment to end.
n=0
while birdc -s "$RUN/bird.ctl" show status >/dev/null 2>&1; do
	[ $n -lt 50 ] || die "BIRD runs already, with $RUN/bird.ctl" \
		"put into its configuration what $CONF has, and: birdc configure; or RUN=DIRECTORY"
	n=$((n + 1))
	sleep 0.1
done
if [ ! -e "$RUN" ]; then
	note "rmdir $RUN"
	mkdir -p "$RUN"
fi
note "birdc -s $RUN/bird.ctl down"
bird -c "$CONF" -s "$RUN/bird.ctl"
