# SPDX-License-Identifier: GPL-2.0-only
# What users meet after an upgrade: a plug-in for another libxtables, a module
# for another kernel. Each error names cause and cure, and changes nothing.
# kernels: 6.1 6.12 stock
dir=/run/xtables
mkdir -p $dir
cp -r /usr/lib/x86_64-linux-gnu/xtables/. $dir/
cp /unhole/libxt_UNHOLE.so $dir/
for ipt in iptables-legacy iptables-nft; do
	$ipt-save >/run/before
	refute "$ipt: a plug-in for another libxtables is refused" \
		env XTABLES_LIBDIR=$dir $ipt -t raw -A PREROUTING -i lo -j UNHOLE
	says "$ipt: cause and cure" \
		"$(XTABLES_LIBDIR=$dir $ipt -t raw -A PREROUTING -i lo -j UNHOLE 2>&1)" \
		'built for libxtables.so.11' 'uses libxtables.so.12' 'build it again'
	$ipt-save >/run/after
	is "$ipt: nothing changed" "$(grep -c UNHOLE /run/after)" 0
done
