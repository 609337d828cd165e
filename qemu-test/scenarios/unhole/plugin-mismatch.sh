# SPDX-License-Identifier: GPL-2.0-only
# What users meet after an upgrade: a plug-in for another libxtables, a module
# for another kernel. Each error names cause and cure, and changes nothing.
# spread: no
dir=/run/xtables
mkdir -p $dir
cp -r /usr/lib/x86_64-linux-gnu/xtables/. $dir/
cp /unhole/libxt_UNHOLE.so $dir/
for ipt in iptables-legacy iptables-nft; do
	refute "$ipt: a plug-in for another libxtables is refused" \
		env XTABLES_LIBDIR=$dir $ipt -t raw -A PREROUTING -i lo -j UNHOLE
	says "$ipt: cause and cure" \
		"$(XTABLES_LIBDIR=$dir $ipt -t raw -A PREROUTING -i lo -j UNHOLE 2>&1)" \
		'built for libxtables.so.11' 'uses libxtables.so.12' 'build it again'
	is "$ipt: nothing changed" "$($ipt-save | grep -c UNHOLE)" 0
done

# The module of a kernel with another name: the message is the kernel's and
# README's, the cause is in the log.
rmmod xt_UNHOLE 2>/dev/null
ko=$(modinfo -n xt_UNHOLE)
release=$(uname -r)
# With symbol versions, as Debian has them, the release itself is not compared,
# but the words behind it are.
other=$(echo "$release" | sed 's/^[0-9]*/9/')
cp "$ko" /run/other.ko
LC_ALL=C sed -i "s/vermagic=$release SMP/vermagic=$other UPX/" /run/other.ko
refute 'a module for another kernel is refused' insmod /run/other.ko
says 'the message' "$(insmod /run/other.ko 2>&1)" 'Invalid module format'
says 'the log names the cause' "$(dmesg | grep 'xt_UNHOLE: version magic' | tail -n 1)" "$other UPX" "$release SMP"
refute 'and nothing is loaded' grep -q '^xt_UNHOLE ' /proc/modules
