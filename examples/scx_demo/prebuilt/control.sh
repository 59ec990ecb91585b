#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Runs inside the guest: turns the demo's switches.
#
#   control.sh pause | resume
#   control.sh stall-pid PID | stall-comm PREFIX | stall-user | unstall
#   control.sh show
#
# pause: the scheduler keeps scheduling, but the demo writes no map, global, storage or arena memory any more.
# stall: the matching tasks are not dispatched any more; the kernel ejects the scheduler after 30 s of that.

state=/tmp/scx_demo.control
pause=0 stall=0 pid=0 comm=
# shellcheck source=/dev/null
[ -r $state ] && . $state

usage() {
	sed -n '6,8s/^#   //p' "$0" >&2
	exit 2
}

# A 32-bit number as four little-endian bytes for bpftool.
word() {
	printf '%02x %02x %02x %02x ' $(($1 & 255)) $((($1 >> 8) & 255)) $((($1 >> 16) & 255)) $((($1 >> 24) & 255))
}

# Text as 16 bytes, cut after 15.
text() {
	printf '%s' "$1" | head -c 15 | od -An -v -t x1 | tr '\n' ' '
	length=$(printf '%s' "$1" | head -c 15 | wc -c)
	while [ "$length" -lt 16 ]; do
		printf '00 '
		length=$((length + 1))
	done
}

case ${1:-} in
pause) pause=1 ;;
resume) pause=0 ;;
stall-pid) [ -n "${2:-}" ] || usage && stall=1 pid=$2 ;;
stall-comm) [ -n "${2:-}" ] || usage && stall=2 comm=$2 ;;
stall-user) stall=3 ;;
unstall) stall=0 ;;
show)
	exec bpftool map dump name control
	;;
*) usage ;;
esac

# shellcheck disable=SC2046 # bytes are words of their own
bpftool map update name control key hex 00 00 00 00 value hex $(word $pause) $(word $stall) $(word "$pid") $(text "$comm") || exit 1
printf 'pause=%s stall=%s pid=%s comm="%s"\n' "$pause" "$stall" "$pid" "$comm" >$state
