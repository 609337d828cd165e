# SPDX-License-Identifier: GPL-2.0-only
# bash completion for unhole-path
_unhole_path()
{
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} used=" ${COMP_WORDS[*]} " w list=
	case $prev in
	iif | oif | vrf) list=$(cd /sys/class/net 2>/dev/null && echo *) ;;
	--core) list='yes no' ;;
	ipproto) list='tcp udp icmp ipv6-icmp sctp gre esp' ;;
	--count | --time | to | from | mark | sport | dport | tos | uid | flowlabel | snat | dnat | type | code | id | zone) ;;
	*)
		[[ $used == *' to '* ]] || list='-4 -6 -j -c --explain --trace --core --help --version doctor watch'
		[[ $used != *' watch '* ]] || list='-j --count --time --send'
		for w in to from iif oif vrf mark ipproto sport dport tos uid flowlabel snat dnat conntrack type code id zone; do
			[[ $used == *" $w "* ]] || list="$list $w"
		done
		;;
	esac
	mapfile -t COMPREPLY < <(compgen -W "$list" -- "$cur")
}
complete -F _unhole_path unhole-path
