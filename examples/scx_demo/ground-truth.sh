#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Runs inside the guest: pauses the demo and writes what the kernel itself says about its state, for comparison with
# what cryoscope reads from memory afterwards.
#
#   ground-truth.sh [DEVICE]      default: the virtio-serial port cryoscope.out
#
# Everything is written to /tmp/gt, then as one tar archive to DEVICE. The demo stays paused, and
# "cryoscope: ground truth written" is the last thing printed: no map changes after it.
#
#   kallsyms btf vmcoreinfo notes modules iomem cpuinfo cmdline tainted version stat schedstat dmesg config   files of the kernel
#   numastat.N                              allocations of NUMA node N
#   btf.d/NAME                               BTF of modules
#   maps.json progs.json links.json btfs.json struct_ops.json      bpftool -j list
#   map/ID.json                              bpftool -j map dump; {"error": ...} for types it cannot dump
#   prog/ID.xlated                           translated instructions as bytes
#   prog/NAME.txt                            the same as text, of a few: bpftool takes long to look up names
#   tasks/comm tasks/stat tasks/status       lines "PID/task/TID/FILE:TEXT", one task after the other
#   tasks/stacks                             "== /proc/PID/stack" before each
#   sched_ext/...                            copy of /sys/kernel/sched_ext

here=$(cd "$(dirname "$0")" && pwd)
out=/tmp/gt

find_port() {
	for name in /sys/class/virtio-ports/*/name; do
		[ "$(cat "$name" 2>/dev/null)" = cryoscope.out ] || continue
		port=${name%/name}
		echo "/dev/${port##*/}"
		return
	done
	for port in /dev/virtio-ports/cryoscope.out /dev/vport*p*; do
		[ -e "$port" ] && echo "$port" && return
	done
}

device=${1:-$(find_port)}
if [ -z "$device" ]; then
	echo "cryoscope: no virtio-serial port to write the ground truth to"
	exit 1
fi

rm -rf $out
mkdir -p $out/map $out/prog $out/btf.d $out/tasks $out/sched_ext

# Children of the load that were started before the pause end within this second, and take their storage with them.
# Then the load stops for as long as this runs, which makes it several times faster.
"$here/control.sh" pause || exit 1
load() { killall "-$1" load 2>/dev/null; }
sleep 1
load STOP

cp /sys/kernel/btf/vmlinux $out/btf
for module in /sys/kernel/btf/*; do
	[ "${module##*/}" = vmlinux ] || cp "$module" $out/btf.d/
done
cat /sys/kernel/vmcoreinfo >$out/vmcoreinfo
cat /sys/kernel/notes >$out/notes
for node in /sys/devices/system/node/node[0-9]*; do
	cat $node/numastat >$out/numastat.${node##*/node}
done
for file in kallsyms modules iomem cpuinfo cmdline version stat schedstat; do
	cat /proc/$file >$out/$file 2>/dev/null
done
cat /proc/sys/kernel/tainted >$out/tainted
zcat /proc/config.gz >$out/config 2>/dev/null || rm -f $out/config
dmesg >$out/dmesg

# Programs go on running while the scheduler schedules; no longer counted, they are what the list says.
echo 0 >/proc/sys/kernel/bpf_stats_enabled
bpftool -j map list >$out/maps.json
bpftool -j prog list >$out/progs.json
bpftool -j link list >$out/links.json
bpftool -j btf list >$out/btfs.json
bpftool -j struct_ops list >$out/struct_ops.json 2>/dev/null

bpftool map list | sed -n 's/^\([0-9][0-9]*\): .*/\1/p' | while read -r id; do
	bpftool -j map dump id "$id" >"$out/map/$id.json" 2>/dev/null
done
# Where bpftool meets a type it cannot format, it writes no JSON: keep the bytes, which come first.
grep -l '(unsupported-kind' $out/map/*.json | while read -r file; do
	sed -i 's/,"formatted":.*/}]/' "$file"
done
bpftool prog list | sed -n 's/^\([0-9][0-9]*\): .*/\1/p' | while read -r id; do
	bpftool prog dump xlated id "$id" file "$out/prog/$id.xlated" 2>/dev/null
done
for name in demo_init demo_enqueue gallery_redirect trace_wakeup; do
	bpftool prog dump xlated name $name opcodes linum >"$out/prog/$name.txt" 2>/dev/null
done

for file in comm stat status; do
	(cd /proc && grep -H '' [0-9]*/task/[0-9]*/$file) >$out/tasks/$file 2>/dev/null
done
for file in /proc/[0-9]*/stack; do
	echo "== $file"
	cat $file
done >$out/tasks/stacks 2>/dev/null
(cd /sys/kernel/sched_ext && find . -type f) 2>/dev/null | while read -r file; do
	mkdir -p "$out/sched_ext/${file%/*}"
	cat "/sys/kernel/sched_ext/$file" >"$out/sched_ext/$file" 2>/dev/null
done

load CONT
tar -c -C $out . >"$device"
rm -rf $out
echo "cryoscope: ground truth written"
