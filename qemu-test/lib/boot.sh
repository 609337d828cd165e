# SPDX-License-Identifier: GPL-2.0-only
# Boots a guest and follows its verdict channel. Sourced after lib.sh.
# shellcheck shell=bash

# Prints the rate of an emulated CPU's time stamp counter in kHz, if that is known.
tsc_khz() {
	local bin
	[ "$(uname -m)" = x86_64 ] || return 0
	bin=$CACHE/tsc-$(hash_of <"$QT/lib/tsc.c")
	[ -x "$bin" ] || cc -O2 -o "$bin" "$QT/lib/tsc.c" || return 0
	"$bin"
}

# boot_guest K FLAVOUR RUN MODE [VARIABLE=VALUE...]
#
# RUN is the run's folder; the guest sees it as /results. MODE and the variables
# become the guest's /job; RUN/overlay, if it is there, is laid over the guest's
# root. on_event is called with each line of the verdict channel; it may set
# DEADLINE (seconds since the shell started) and DEADLINE_OF (what for).
#
# Sets OUTCOME: "clean" (the verdict came, and is clean), "splat:NAME: line",
# "panic: line", "timeout: of what", "lost: how", "boot: why". Returns 0 for
# "clean" only.
#
# Variables that change the guest: CPUS, APPEND (to the command line), LOAD
# (modules), ICOUNT (one emulated CPU whose clock counts its instructions), PLUGIN
# (of QEMU, with its arguments).
boot_guest() {
	local k=$1 flavour=$2 run=$3 mode=$4 kernel overlay root release accel mem cmd tsc
	local slow=1 qemu verdict rc left APPEND=${APPEND-}
	shift 4
	OUTCOME=
	[ "$flavour" = normal ] || slow=$SLOW_DEBUG

	kernel=$("$QT/build/kernel" "$k" "$flavour")
	overlay=$("$QT/build/modules" "$k" "$flavour")
	root=$("$QT/build/root" "$(userland "$k")")
	release=$(cat "$kernel/release")
	accel=tcg,thread=single tsc=1000000 # a tick is an instruction
	if [ -z "${ICOUNT-}" ]; then
		accel=${ACCEL_FOUND:=$("$QT/lib/accel" "$kernel/vmlinuz")} tsc=
		[ "$accel" = kvm ] || tsc=${TSC_FOUND:=$(tsc_khz)}
	fi
	APPEND="${APPEND-} $(field "$FLAVOURS" "$flavour" 3)"
	mem=$GUEST_MIB
	[ "$flavour" != debug ] || mem=$GUEST_MIB_DEBUG

	mkdir -p "$run/overlay/unhole"
	cp -r "$QT/guest/." "$TOP/recipes" "$TOP/NOTES.md" "$TOP/README.md" "$TOP/INSTALL.md" "$TOP/packet-path.svg" \
		"$TOP/nvi/nvi.8" "$TOP/unhole-path/unhole-path.8" "$TOP/unhole-path/schema.json" "$QT/lib/splats" "$run/overlay/unhole/"
	mkdir -p "$run/overlay/unhole/xt_UNHOLE"
	cp "$TOP/xt_UNHOLE/README.md" "$run/overlay/unhole/xt_UNHOLE/"
	make -s -C "$TOP/libxt_UNHOLE" O="$run/overlay/unhole" "$run/overlay/unhole/xt_UNHOLE.8"
	cp "$run/overlay/unhole/init" "$run/overlay/init"
	chmod +x "$run/overlay/init" "$run/overlay/unhole/runner"
	{
		printf 'MODE=%s\nSLOW=%s\nGUEST_K=%s\nexport SLOW GUEST_K\n' "$mode" "$slow" "$k"
		printf 'TIMEOUT_RELEASE=%s\n' "$TIMEOUT_RELEASE"
		printf 'LOAD="%s %s"\n' "$(! is_stock "$k" || echo "$STOCK_MODULES")" "${LOAD-}"
		[ $# -eq 0 ] || printf '%s\n' "$@"
	} >"$run/overlay/job"
	{
		cat "$root"
		(cd "$overlay" && find . -mindepth 1 | cpio -o -H newc -R 0:0 --quiet)
		(cd "$run/overlay" && find . -mindepth 1 | cpio -o -H newc -R 0:0 --quiet)
	} >"$run/initrd"
	rm -rf "$run/overlay"

	# norandmaps: QEMU keeps what it has translated by address, so a program
	# that starts where it started before starts five times faster.
	# no_timer_check: on a busy host an emulated timer may miss the kernel's
	# test of it, which then panics.
	# watchdog_thresh, rcu_cpu_stall_timeout: a host that does not run for half a minute is
	# no fault of the guest's kernel; what hangs meets the time limits.
	# tsc_early_khz: and would count the time stamp counter wrong.
	# Two pairs of NICs, each pair on a hub of its own: nothing else is
	# wired to them.
	# shellcheck disable=SC2054 # commas inside arguments
	cmd=(qemu-system-x86_64 -accel "$accel"
		-smp "sockets=${CPUS:-$GUEST_CPUS}" -m "$mem" -nodefaults -no-user-config -display none -no-reboot
		-kernel "$(readlink -f "$kernel/vmlinuz")" -initrd "$run/initrd"
		-append "console=ttyS0 loglevel=7 panic=-1 oops=panic printk.devkmsg=on net.ifnames=0 dummy.numdummies=0 random.trust_cpu=on rcupdate.rcu_expedited=1 mitigations=off norandmaps watchdog_thresh=60 rcupdate.rcu_cpu_stall_timeout=150 no_timer_check${tsc:+ tsc_early_khz=$tsc}${APPEND:+ $APPEND}"
		-virtfs "local,path=$run,mount_tag=results,security_model=none"
		-netdev hubport,id=v0,hubid=0 -device virtio-net-pci,netdev=v0,mac=52:54:00:00:00:01,romfile=
		-netdev hubport,id=v1,hubid=0 -device virtio-net-pci,netdev=v1,mac=52:54:00:00:00:02,romfile=
		-netdev hubport,id=e0,hubid=1 -device e1000e,netdev=e0,mac=52:54:00:00:00:03,romfile=
		-netdev hubport,id=e1,hubid=1 -device e1000e,netdev=e1,mac=52:54:00:00:00:04,romfile=)
	[ "$accel" != kvm ] || cmd+=(-cpu host)
	# shellcheck disable=SC2054 # commas inside arguments
	[ -z "${ICOUNT-}" ] || cmd+=(-icount shift=0,sleep=off)
	[ -z "${PLUGIN-}" ] || cmd+=(-plugin "$PLUGIN")
	if [ "$mode" = shell ]; then
		# shellcheck disable=SC2054 # commas inside arguments
		cmd+=(-chardev stdio,id=con,mux=on -serial chardev:con -mon con)
		cmd+=(-serial "file:$run/verdict")
		printf '%q ' "${cmd[@]}" >"$run/qemu-command"
		"${cmd[@]}" || OUTCOME="lost: QEMU ended with status $?"
		OUTCOME=${OUTCOME:-clean}
		rm -f "$run/initrd"
		[ "$OUTCOME" = clean ]
		return
	fi
	cmd+=(-serial "file:$run/console.log" -serial "file:$run/verdict.pipe")
	if [ "$mode" = script ]; then
		cmd+=(-chardev "stdio,id=out,signal=off" -serial chardev:out)
	else
		cmd+=(-serial "file:$run/output.log")
	fi
	printf '%q ' "${cmd[@]}" >"$run/qemu-command"

	rm -f "$run/verdict.pipe"
	mkfifo "$run/verdict.pipe"
	exec {verdict}<>"$run/verdict.pipe"
	DEADLINE=$((SECONDS + TIMEOUT_BOOT * slow)) DEADLINE_OF=boot
	{ rc=0; "${cmd[@]}" </dev/null || rc=$?; echo "QEMU-EXIT $rc" >&"$verdict"; } 2>"$run/qemu.log" &
	qemu=$!
	: >"$run/verdict"
	while :; do
		left=$((DEADLINE - SECONDS))
		if [ $left -le 0 ] || ! read -r -t $left -u "$verdict" line; then
			[ $((DEADLINE - SECONDS)) -le 0 ] || continue
			OUTCOME="timeout: of $DEADLINE_OF"
			pkill -KILL -P "$qemu" || :
			break
		fi
		echo "$line" >>"$run/verdict"
		case $line in
		"BOOT $release")
			DEADLINE=$((SECONDS + TIMEOUT_TEST * slow)) DEADLINE_OF=test
			on_event "$line"
			;;
		"BOOT "*)
			OUTCOME="boot: the guest runs ${line#BOOT }, this checkout asks for $release"
			pkill -KILL -P "$qemu" || :
			break
			;;
		"VERDICT "*)
			OUTCOME=${line#VERDICT }
			DEADLINE=$((SECONDS + TIMEOUT_SHUTDOWN * slow)) DEADLINE_OF=shutdown
			;;
		"QEMU-EXIT "*)
			rc=${line#QEMU-EXIT }
			[ -n "$OUTCOME" ] || OUTCOME="lost: no verdict, QEMU ended with status $rc$(tail -n 1 "$run/qemu.log" 2>/dev/null | sed 's/^/: /')"
			break
			;;
		*) on_event "$line" ;;
		esac
	done
	wait "$qemu" 2>/dev/null || :
	exec {verdict}>&-
	rm -f "$run/verdict.pipe" "$run/initrd"

	# The console is judged too: a panic leaves no verdict, and what comes
	# after the guest's own scan would go unseen.
	if [ -e "$run/console.log" ]; then
		local name pattern hit
		while IFS='|' read -r name pattern; do
			hit=$(grep -a -m 1 -E "$pattern" "$run/console.log") || continue
			hit=$(tr -d '\r' <<<"$hit")
			case $name:$OUTCOME in
			panic:*) OUTCOME="panic: $hit" ;;
			*:clean) OUTCOME="splat:$name: $hit" ;;
			esac
			break
		done <"$QT/lib/splats"
	fi
	[ "$OUTCOME" = clean ]
}

# A folder for a run, named by what and when.
new_run() { # NAME
	local dir=${RESULTS:-$TOP/results}/$1
	rm -rf "$dir"
	mkdir -p "$dir"
	echo "$dir"
}
