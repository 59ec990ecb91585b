#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Runs inside the guest, as root, with bpftool in PATH: loads the scheduler and starts its load.
#
#   start.sh [TASKS]
#
# Prints "cryoscope: scheduler ready" when everything runs.

here=$(cd "$(dirname "$0")" && pwd)
grep -q ' /sys/fs/bpf bpf ' /proc/mounts || mount -t bpf bpf /sys/fs/bpf
echo 1 >/proc/sys/kernel/bpf_stats_enabled
bpftool struct_ops register "$here/scx_lost.o" /sys/fs/bpf/lost >/tmp/scx_lost.log 2>&1 ||
	echo "cryoscope: the scheduler did not load: $(tail -n 1 /tmp/scx_lost.log)"
"$here/work" "${1:-6}" &
echo "cryoscope: scheduler ready"
