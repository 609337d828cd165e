# SPDX-License-Identifier: GPL-2.0-only
# What the recipes that hand frames to layer 3 ("broute") share, on top of
# bridge-needs.sh; no recipe itself. There are two ways, with the same outcome:
#
#   ebtables -t broute -A BROUTING MATCH -j redirect --redirect-target DROP
#   nft: table bridge, hook prerouting, priority dstnat: MATCH meta pkttype set host
#        meta broute set 1 accept
#
# The first takes legacy ebtables in the kernel (Debian's 6.1 and 6.12; not 7.3): the
# ebtables of nftables has a table broute since 1.8.10, but no redirect there. The second
# takes "meta broute" in kernel and nft (6.12 and nft 1.1 have it; 6.1 and nft 1.0.6 not).
# shellcheck shell=sh

# can_redirect EBTABLES: tried in a network namespace that is thrown away.
can_redirect() {
	unshare -n "$1" -t broute -A BROUTING -j redirect --redirect-target DROP 2>/dev/null
}
# "nft -c" has the kernel judge it, and changes nothing.
can_meta_broute() {
	printf '%s\n' 'add table bridge broute-trial' \
		'add chain bridge broute-trial c { type filter hook prerouting priority dstnat; }' \
		'add rule bridge broute-trial c meta broute set 1 accept' | nft -c -f - 2>/dev/null
}
# need_broute: sets BROUTE, the way: an ebtables, the first that can, or nft. It may be
# given, as nft.
need_broute() {
	if [ "${BROUTE-}" != nft ]; then
		for _e in ${EBTABLES:-ebtables-legacy ebtables-nft ebtables}; do
			! can_redirect "$_e" || { BROUTE=$_e; return 0; }
		done
	fi
	[ -n "$EBTABLES" ] || ! can_meta_broute || { BROUTE=nft; return 0; }
	missing "nothing here hands frames to layer 3: tried redirect in the table broute of" \
		"${EBTABLES:-ebtables-legacy, ebtables-nft and ebtables, and \"meta broute\" of nft}" \
		"(Debian 12: apt-get install ebtables; Debian 13 and later: apt-get install nftables;" \
		"kernel: CONFIG_BRIDGE_EBT_BROUTE and CONFIG_BRIDGE_EBT_REDIRECT, or CONFIG_NFT_BRIDGE_META)"
}

# in_nft MATCH...: what ebtables matches so, in nft's words.
in_nft() {
	_proto=
	while [ $# -gt 0 ]; do
		case $1 in
		-p | --ip-proto) [ "$1" = -p ] || _proto=$2 ;;
		esac
		case $1:$2 in
		-p:IPv4) echo ether type ip ;;
		-i:*) echo "iifname \"$2\"" ;;
		--logical-in:*) echo "ibrname \"$2\"" ;;
		-d:*) echo "ether daddr $2" ;;
		--ip-src:*) echo "ip saddr $2" ;;
		--ip-dst:*) echo "ip daddr $2" ;;
		--ip-proto:*) echo "ip protocol $2" ;;
		--ip-sport:*) echo "$_proto sport $2" ;;
		--ip-dport:*) echo "$_proto dport $2" ;;
		*)
			echo "$RECIPE: does not know '$1 $2' in nft's words" >&2
			return 1
			;;
		esac
		shift 2
	done
}

# broutes MATCH...: what matches is handed to layer 3, as the port's own. (-p IPv4,
# --ip-proto, --ip-src, --ip-dst, --ip-sport, --ip-dport, -i, -d, --logical-in)
broutes() {
	if [ "$BROUTE" != nft ]; then
		rule "$BROUTE" -t broute -A BROUTING "$@" -j redirect --redirect-target DROP
		return
	fi
	nft_broutes "$*" 'meta pkttype set host'
}
# nft_broutes MATCH [STATEMENT]: in a table of the recipe's own.
nft_broutes() {
	# shellcheck disable=SC2086 # a list of arguments
	_words=$(in_nft $1) || return
	nft list table bridge "$RECIPE" >/dev/null 2>&1 || {
		nft add table bridge "$RECIPE"
		undo nft delete table bridge "$RECIPE"
		nft add chain bridge "$RECIPE" brouting '{ type filter hook prerouting priority dstnat; }'
	}
	# shellcheck disable=SC2086 # words
	nft add rule bridge "$RECIPE" brouting $_words ${2-} meta broute set 1 accept
}
