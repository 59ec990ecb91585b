#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Runs inside the guest, as root, with bpftool in PATH: loads the demo and starts its load.
#
#   start.sh [WORKERS]      0 workers: no load
#
# Prints "cryoscope: demo ready" when everything runs. Where the scheduler does not load, the rest still does.

here=$(cd "$(dirname "$0")" && pwd)
workers=${1:-6}
pins=/sys/fs/bpf

mounted() {
	grep -q " $1 $2 " /proc/mounts
}

mounted /sys/fs/bpf bpf || mount -t bpf bpf /sys/fs/bpf
mounted /sys/kernel/debug debugfs || mount -t debugfs debugfs /sys/kernel/debug
mounted /sys/fs/cgroup cgroup2 || { mkdir -p /sys/fs/cgroup && mount -t cgroup2 cgroup2 /sys/fs/cgroup; }

echo 0 >/proc/sys/kernel/kptr_restrict
echo 1 >/proc/sys/kernel/bpf_stats_enabled
echo 1 >/proc/sys/kernel/sched_schedstats
ip link set lo up
ulimit -l unlimited 2>/dev/null

mkdir -p $pins/trace # bpftool makes it only for programs that attach

say() {
	echo "cryoscope: $*"
}

log=/tmp/scx_demo.log
: >"$log"
: >/tmp/populate.log
echo "# empty packet" >/tmp/packet

if bpftool struct_ops register "$here/scx_demo.o" $pins/scx >>"$log" 2>&1; then
	reuse="map name control name control"
else
	say "the scheduler did not load: $(tail -n 1 "$log")"
	reuse=
fi

if bpftool prog loadall "$here/gallery.o" $pins/gallery pinmaps $pins/gallery_maps >>"$log" 2>&1; then
	run() { bpftool prog run pinned "$pins/gallery/$1" data_in /tmp/packet data_out /dev/null >>"$log" 2>&1; }
	bpftool prog loadall "$here/fields.o" $pins/fields pinmaps $pins/gallery_maps >>"$log" 2>&1 ||
		say "the newest fields did not load: $(tail -n 1 "$log")"
	run gallery_fill || say "the gallery could not be filled: $(tail -n 1 "$log")"
	"$here/populate" $pins/gallery_maps >/tmp/populate.log 2>&1 &
	for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
		grep -q '^populate: ready' /tmp/populate.log && break
		sleep 0.1
	done
	grep -v '^populate: ready' /tmp/populate.log
	[ ! -e $pins/fields/fields_fill ] || run ../fields/fields_fill ||
		say "the newest fields could not be filled: $(tail -n 1 "$log")"
	run gallery_wrap_ring || say "the ring buffer could not be wrapped: $(tail -n 1 "$log")"
else
	say "the gallery did not load: $(tail -n 1 "$log")"
fi

"$here/rare_maps" >/tmp/rare_maps.log 2>&1 &
for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
	grep -q '^rare_maps: ready' /tmp/rare_maps.log && break
	sleep 0.1
done

# shellcheck disable=SC2086 # $reuse is several words
bpftool prog loadall "$here/trace.o" $pins/trace $reuse pinmaps $pins/trace_maps autoattach >>"$log" 2>&1 ||
	say "the tracing programs did not load: $(tail -n 1 "$log")"

[ "$workers" = 0 ] || "$here/load" "$workers" &

if [ -n "$reuse" ] && [ "$(cat /sys/kernel/sched_ext/state)" != enabled ]; then
	say "the scheduler is not enabled: $(dmesg | grep sched_ext | tail -n 1)"
fi
say "demo ready"
