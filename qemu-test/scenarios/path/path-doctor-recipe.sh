# SPDX-License-Identifier: GPL-2.0-only
# unhole-path doctor, what a program has taken away of a recipe: its table of nftables, its
# policy rules, its device, its rules of iptables. It names the recipe, and the command that
# makes it anew, with the variables that it was told. What others have made and lost is not
# its matter, nor is what the recipe itself has undone.
# patches: none
# weight: 6
. /unhole/doctor.sh
topology
stock_sysctls
gone() { # WHAT COMMAND...
	_what=$1
	shift
	must "$@"
	is "$_what: named" "$(wrong | tr ' ' '\n' | grep recipe)" recipe
	cure recipe
	is "$_what, cured" "$(wrong)" ''
}
rules() { must ip -4 rule flush; must batch box 'rule add pref 32766 lookup main'; }
for front in nft iptables; do
	via nvi0 $front
	must env POOL=192.0.2.64/28 POOL_FROM=192.0.2.64-192.0.2.79 sh /unhole/recipes/snat-pool.sh
	healthy "$front: made"
	if [ $front = nft ]; then
		gone 'its table' nft flush ruleset
	else
		gone 'its rule' iptables -t nat -F
	fi
	gone 'its rules' rules
	gone 'its device' ip link del nvi0
	says 'by name, and with what it was told' "$(cat /run/cure)" "VIA=nvi0" "FRONT=$front" POOL_FROM=192.0.2.64-192.0.2.79 'sh /unhole/recipes/snat-pool.sh'
	must sh /unhole/recipes/snat-pool.sh undo
	healthy "$front: undone"
done

# A namespace that has the number of one that is gone is another one
wrong_in() { on "$1" unhole-path -j doctor | grep -o '"check":"recipe"'; }
of() { on "$1" readlink /proc/self/ns/net | tr -dc 0-9; }
host old
must ip -n old link add up0 type dummy
must on old sh /unhole/recipes/own-forward.sh
must ip -n old rule flush
is 'in a namespace' "$(wrong_in old)" '"check":"recipe"'
state=/run/unhole/$(of old)
must ip netns del old
host new
[ "$state" = "/run/unhole/$(of new)" ] || must mv "$state" "/run/unhole/$(of new)"
is 'in another that has its number' "$(wrong_in new)" ''
