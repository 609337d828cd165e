# SPDX-License-Identifier: GPL-2.0-only
# The rule's life in both front ends and both families: add, list, save, check,
# restore, zero, delete; and every refused use gives a clear error and leaves
# the ruleset as it was.
# leaks: yes
# weight: 10
# timeout: 150
# spread: no
_log_of_this() { dmesg | sed -n "/unhole-mark $ipt $_w\$/,\$p"; }
_logged() {
	_log_of_this | grep -qF "$_log" && return
	"$ipt" "$@"
	false
}
for ipt in iptables-legacy iptables-nft ip6tables-legacy ip6tables-nft; do
	# A ruleset that must survive every refusal.
	must $ipt -t mangle -N user
	must $ipt -t mangle -A OUTPUT -j user
	must $ipt -t raw -A PREROUTING -i lo -j UNHOLE
	saved $ipt >/run/before

	refused() { # WHAT KERNEL-LOG-SAYS MESSAGE-SAYS ARGUMENTS...
		_w=$1 _log=$2 _says=$3
		shift 3
		echo "unhole-mark $ipt $_w" >/dev/kmsg
		if _o=$("$ipt" "$@" 2>&1); then
			not_ok "$ipt: $_w: accepted"
		else
			ok "$ipt: $_w: refused"
		fi
		says "$ipt: $_w: the message" "$_o" "$_says"
		# x_tables' log line is rate-limited for all rules together: it may
		# take a few attempts.
		if [ -n "$_log" ]; then
			wait_for 15 _logged "$@"
			says "$ipt: $_w: the kernel log" "$(_log_of_this)" "$_log"
		fi
		saved $ipt >/run/after
		check "$ipt: $_w: the ruleset is as it was" cmp /run/before /run/after
	}
	# Touching nat and filter makes their empty tables.
	$ipt -t nat -L -n >/dev/null; $ipt -t filter -L -n >/dev/null
	saved $ipt >/run/before
	inval='Invalid argument'
	[ "${ipt%-nft}" = "$ipt" ] || inval=failed
	refused 'table nat' 'only usable in PREROUTING of the raw and mangle tables, not in nat' "$inval" -t nat -A PREROUTING -j UNHOLE
	refused 'table filter' 'used from hooks FORWARD, but only usable from PREROUTING' "$inval" -t filter -A FORWARD -j UNHOLE
	refused 'raw OUTPUT' 'used from hooks OUTPUT, but only usable from PREROUTING' "$inval" -t raw -A OUTPUT -j UNHOLE
	refused 'mangle POSTROUTING' 'used from hooks POSTROUTING, but only usable from PREROUTING' "$inval" -t mangle -A POSTROUTING -j UNHOLE
	# nftables asks the target for a base chain's hook only, and refuses the rest itself.
	jump='only usable from PREROUTING'
	[ "${ipt%-nft}" = "$ipt" ] || jump=
	refused 'user chain from OUTPUT' "$jump" "$inval" -t mangle -A user -j UNHOLE
	refused 'unknown option' '' 'unknown option "--frobnicate"' -t raw -A PREROUTING -j UNHOLE --frobnicate

	# In a user chain that only PREROUTING reaches it is fine.
	must $ipt -t mangle -N fine
	must $ipt -t mangle -A PREROUTING -i lo -j fine
	check "$ipt: in a user chain that PREROUTING reaches" $ipt -t mangle -A fine -j UNHOLE
	check "$ipt: in table mangle" $ipt -t mangle -A PREROUTING -i lo -j UNHOLE

	# A jump to it from elsewhere is no less a wrong use.
	saved $ipt >/run/before
	refused 'a jump from OUTPUT to that chain' "$jump" "$inval" -t mangle -A OUTPUT -j fine

	says "$ipt: list" "$($ipt -t raw -L PREROUTING -v -n)" UNHOLE lo
	says "$ipt: save" "$($ipt-save -t raw)" '-A PREROUTING -i lo -j UNHOLE'
	check "$ipt: check" $ipt -t raw -C PREROUTING -i lo -j UNHOLE
	refute "$ipt: check of another" $ipt -t raw -C PREROUTING -i eth0 -j UNHOLE
	saved $ipt -t raw >/run/raw1
	must $ipt -t raw -F
	check "$ipt: restore" sh -c "$ipt-restore </run/raw1"
	saved $ipt -t raw >/run/raw2
	check "$ipt: save, restore, save: the same text" diff /run/raw1 /run/raw2
	# A bad line late in the file: nothing of it is taken.
	sed 's/^COMMIT/-A PREROUTING -i lo -j UNHOLE --frobnicate\nCOMMIT/' /run/raw1 >/run/raw-bad
	refute "$ipt: a restore file with a bad line is refused" sh -c "$ipt-restore </run/raw-bad"
	saved $ipt -t raw >/run/raw2
	check "$ipt: and the old rules stand" diff /run/raw1 /run/raw2

	case $ipt in iptables*) pings box 2 127.0.0.1 ;; *) pings box 2 ::1 ;; esac
	packets() { $ipt -t raw -L PREROUTING -v -n -x | awk '/UNHOLE/ { print $1 }'; }
	is "$ipt: the rule counts" "$(packets)" 4
	must $ipt -t raw -Z
	is "$ipt: zero" "$(packets)" 0
	says "$ipt: help" "$($ipt -j UNHOLE -h)" 'UNHOLE target' --set-xmark --notrack --reset-ct --allow-local
	refute "rmmod is refused while the rule stands" rmmod xt_UNHOLE
	check "$ipt: delete" $ipt -t raw -D PREROUTING -i lo -j UNHOLE
	refute "$ipt: it is gone" $ipt -t raw -C PREROUTING -i lo -j UNHOLE
	for t in raw mangle; do must $ipt -t $t -F; done
	must $ipt -t mangle -X
done

# nft_compat drops an expression after a grace period; then nothing is left.
check 'rmmod is clean when the rules are gone' wait_for 10 rmmod xt_UNHOLE
must modprobe xt_UNHOLE
if [ $PATCHED = 0 ]; then
	says 'loading says what a stock kernel needs' "$(dmesg | grep xt_UNHOLE: | tail -n 1)" \
		net.ipv4.conf.lo.accept_local=1 net.ipv4.conf.lo.forwarding=1 net.ipv6.conf.all.forwarding=1
fi
