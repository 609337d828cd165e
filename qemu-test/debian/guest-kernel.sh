# SPDX-License-Identifier: GPL-2.0-only
# In a guest that runs the kernel which was installed after the packages, with the
# modules that DKMS built for it then. At last, the kernel is told to insist on
# signatures, and then locked down: that cannot be undone.
# shellcheck shell=sh
. /mnt/guest-lib.sh
peers
module=/lib/modules/$(uname -r)/updates/dkms/xt_UNHOLE.ko

begin packages-guest-kernel-upgrade
is 'the new kernel' "$(uname -r)" "$UPGRADE"
check 'sysctls' sh "$RECIPES"/stock-sysctls.sh
check 'the recipe runs' env VIA=lo sh "$RECIPES"/snat-own.sh
check 'a client reaches what is beyond' pings 3
is 'packets with the translated source' "$(arrived)" 3
undo
check 'the recipe with an nvi device' env VIA=nvi0 FRONT=iptables sh "$RECIPES"/snat-own.sh
check 'a client reaches what is beyond by nvi0' pings 3
is 'packets that nvi0 let through' "$(arrived)" 3
undo
says 'DKMS signed the module' "$(modinfo -F signer xt_UNHOLE)" 'DKMS module signing key'
says 'unhole-path says nothing of signatures' "$(unhole-path doctor | grep -c signature)" '^0$'
check 'the modules are unloaded' rmmod xt_UNHOLE nvi
end

# What a user meets where the kernel loads none of ours.
refused() { # WHY LEVEL CAUSE CURE
	refute "$1: modprobe is refused" modprobe xt_UNHOLE
	refute "$1: iptables is refused" iptables -t raw -A PREROUTING -i lo -j UNHOLE
	is "$1: no rule stands" "$(iptables -t raw -S PREROUTING)" '-P PREROUTING ACCEPT'
	says "$1: doctor names the cause" "$(unhole-path doctor)" "^$2 *signature: $3"
	says "$1: doctor names the cure" "$(unhole-path doctor | grep -A 1 signature:)" "^ *$4"
	refute "$1: doctor ends badly" unhole-path doctor
}
begin packages-signing
echo 1 >/sys/module/module/parameters/sig_enforce
says 'why modprobe is refused' "$(modprobe xt_UNHOLE 2>&1)" 'Key was rejected by service'
refused 'an unknown key' warn '.*key it does not know \(module.sig_enforce\)' 'mokutil --import'
says '... and the kernel log' "$(dmesg)" 'Loading of module with unavailable key is rejected'
check 'a module whose key the kernel knows is loaded' modprobe dummy
# ... as it is where there is no openssl: not signed at all, nor compressed.
xz -dc "$module.xz" >/run/m
objcopy /run/m "$module"
rm "$module.xz"
depmod
refused 'no signature' bad '.*not signed \(module.sig_enforce\)' 'apt-get install openssl'
says '... and the kernel log' "$(dmesg)" 'Loading of unsigned module is rejected'
cp /run/m "$module"
refused 'signed again' warn '.*key it does not know \(module.sig_enforce\)' 'mokutil --import'
echo integrity >/sys/kernel/security/lockdown
refused 'lockdown' warn '.*key it does not know \(lockdown' 'mokutil --import'
end
