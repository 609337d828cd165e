# SPDX-License-Identifier: GPL-2.0-only
# How the cost of each way, and the memory that it takes, grow with what a box has: flows,
# policy rules, routes, devices, namespaces. Sourced by guest.sh, for make bench-scale.
# Adds lines "scale WHAT N FAMILY WAY PACKETS NS..." and "made WHAT N WAY KIB CS" (hundredths
# of a second) to the raw figures.
# shellcheck shell=sh
SCALE_WAYS='plain rule unhole nvi bpf veth'
# Where the packets of many flows go: BASE and what follows.
BASE4=10.0.0.1 BASE6=2001:db8:f::1 ALL4=10.0.0.0/8 ALL6=2001:db8:f::/48
sysctl -qw net.netfilter.nf_conntrack_max=1000000

# in_boxes FILE [-6]: ip's commands, in each way's box.
in_boxes() { for way in $SCALE_WAYS; do ip ${2-} -n "b-$way" -batch "$1"; done; }
# scale WHAT N FLOWS: the ways take turns.
scale() {
	_who=
	for way in $SCALE_WAYS; do _who="$_who s-$way"; done
	for family in 4 6; do
		eval "base=\$BASE$family"
		$traffic flows "$base" 9 $PAYLOAD "$3" "$PACKETS" "$ROUNDS" $_who >/run/turns
		for way in $SCALE_WAYS; do
			read -r _rounds
			put "scale $1 $2 $family $way $PACKETS $_rounds"
		done </run/turns
		for way in $SCALE_WAYS; do
			_n=$(received $family)
			eval "_had=\${had${family}_$way-0} had${family}_$way=$_n"
			[ $((_n - _had)) = $(($3 + PACKETS * ROUNDS)) ] || {
				echo "$1 $2, IPv$family, $way: $((_n - _had)) of $(($3 + PACKETS * ROUNDS)) packets have arrived"
				exit 1
			}
		done
	done
}
boxes() {
	for way in $SCALE_WAYS; do
		surroundings
		set_up
		run_box
	done
	printf 'route add %s via %s\n' $ALL4 $SINK4 $ALL6 $SINK6 >/run/lines
	in_boxes /run/lines
}
unbox() {
	for way in $SCALE_WAYS; do eval "had4_$way=0 had6_$way=0"; done
	for way in $SCALE_WAYS; do printf 'netns del %s\n' "s-$way" "b-$way" "k-$way"; done | ip -batch -
}

origin=external source=CLIENT
for ct in none conntrack; do
	expect=$source what=flows
	[ $ct = none ] || expect=SNAT what=connections
	boxes
	for n in 1 16 128 1024 16384 100000; do
		echo "scale: $n $what"
		scale $what $n $n
	done
	unbox
done

ct=none expect=$source
boxes
n=0
for want in 10 100 1000; do
	echo "scale: $want policy rules"
	while [ $n -lt $want ]; do
		echo "rule add pref $((n + 1000)) from 10.99.$((n / 250)).$((n % 250)) lookup 99"
		n=$((n + 1))
	done >/run/lines
	in_boxes /run/lines
	sed 's/ from 10.99.\([0-9]*\).\([0-9]*\)/ from 2001:db8:99:\1::\2/' /run/lines >/run/lines6
	in_boxes /run/lines6 -6
	scale rules $want 1024
done
unbox

boxes
n=0
for want in 1000 100000; do
	echo "scale: $want routes"
	while [ $n -lt $want ]; do
		echo "$n"
		n=$((n + 1))
	done >/run/numbers
	awk -v via=$SINK4 '{ printf "route add 10.%d.%d.%d/32 via %s\n", 1 + $1 / 65536, $1 / 256 % 256, $1 % 256, via }' /run/numbers >/run/lines
	in_boxes /run/lines
	awk -v via=$SINK6 '{ printf "route add 2001:db8:f:%x:%x::/80 via %s\n", $1 / 65536 + 1, $1 % 65536, via }' /run/numbers >/run/lines
	in_boxes /run/lines -6
	scale routes $want 1024
done
unbox

one_of() { # WAY N: the commands that make the Nth
	case $1 in
	nvi) printf 'link add n%s type nvi\nlink set n%s up\n' "$2" "$2" ;;
	veth) printf 'link add n%s type veth peer name m%s\nlink set n%s up\nlink set m%s up\n' "$2" "$2" "$2" "$2" ;;
	*) printf 'link add n%s type dummy\nlink set n%s up\n' "$2" "$2" ;;
	esac
}

boxes
n=0
for want in 16 256; do
	echo "scale: $want more devices in each box"
	for way in $SCALE_WAYS; do
		for i in $(seq $((n + 1)) $want); do one_of $way "$i"; done | ip -n "b-$way" -batch -
	done
	n=$want
	scale devices $want 1024
done
unbox

# --- devices and namespaces: what they take, and whether the last is as good ---
# What was deleted before may be going still.
settle() {
	_had=0
	until [ "$(awk '/^MemAvailable/ { print $2 }' /proc/meminfo)" -le $((_had + 64)) ]; do
		_had=$(awk '/^MemAvailable/ { print $2 }' /proc/meminfo)
		sleep 0.2
	done
}
free_kib() { sync; echo 3 >/proc/sys/vm/drop_caches; awk '/^MemAvailable/ { print $2 }' /proc/meminfo; }
now() { read -r _t _ </proc/uptime; echo "$_t" | tr -d .; } # hundredths of a second
for way in nvi bpf veth; do
	for n in 1 16 256; do
		ip netns add many
		ip -n many link set lo up
		for i in $(seq $n); do one_of $way "$i"; done >/run/lines
		was=$(free_kib) began=$(now)
		ip -n many -batch /run/lines
		took=$(($(now) - began))
		put "made devices $n $way $((was - $(free_kib))) $took"
		ip netns del many
		settle
	done
	for n in 1 16 256; do
		was=$(free_kib) began=$(now)
		for i in $(seq $n); do echo "netns add many$i"; done | ip -batch -
		for i in $(seq $n); do one_of $way 0 | ip -n "many$i" -batch -; done
		took=$(($(now) - began))
		put "made namespaces $n $way $((was - $(free_kib))) $took"
		for i in $(seq $n); do echo "netns del many$i"; done | ip -batch -
		settle
	done
done
