import { basename } from 'node:path'
import { escapeText } from '../text.js'

/** The line that says that a guest's init has finished its set-up. */
export const readyLine = 'cryoscope: guest ready'

/** The virtio-serial port whose bytes land in the guest's outbox file on the host. */
export const outboxPort = 'cryoscope.out'

/** Where in the guest the parts that init starts lie. */
export const guestPaths = { runs: '/cryoscope/run', script: '/cryoscope/script' } as const

const mounts = [
  ['proc', '/proc'],
  ['sysfs', '/sys'],
  ['devtmpfs', '/dev'],
  ['devpts', '/dev/pts'],
  ['tmpfs', '/dev/shm'],
  ['tmpfs', '/run'],
  ['tmpfs', '/tmp'],
  ['bpf', '/sys/fs/bpf'],
  ['cgroup2', '/sys/fs/cgroup'],
  ['debugfs', '/sys/kernel/debug'],
  ['tracefs', '/sys/kernel/tracing'],
] as const

/**
 * The guest's /init: mounts what a BPF developer expects, names the host, starts every program of
 * /cryoscope/run, says that it is ready, runs /cryoscope/script and stays alive.
 */
export function initScript(hostname: string): string {
  const mountLines = mounts.map(([type, place]) => {
    const made = place.startsWith('/sys') ? '' : `mkdir -p ${place}; `
    // What the image has below /tmp and /run stays in sight: the root is memory as well.
    const unless = type === 'tmpfs' ? `[ -n "$(ls -A ${place})" ] || ` : ''
    return `${made}${unless}mount -t ${type} ${type} ${place} || echo "cryoscope: cannot mount ${type} on ${place}"`
  })
  return `#!/bin/busybox sh
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root TERM=linux
umask 022
[ -e /bin/sh ] || /bin/busybox --install -s /bin
${mountLines.join('\n')}
hostname ${quote(hostname)}
ip link set lo up
ulimit -l unlimited
mkdir -p /dev/virtio-ports
for port in /sys/class/virtio-ports/*; do
  [ -s "$port/name" ] && ln -sf "../\${port##*/}" "/dev/virtio-ports/$(cat "$port/name")"
done
for part in ${guestPaths.runs}/*; do
  [ -f "$part" ] && setsid sh "$part" </dev/null &
done
echo "${readyLine}"
if [ -f ${guestPaths.script} ]; then
  ${guestPaths.script} </dev/null
  status=$?
  [ $status = 0 ] || echo "cryoscope: the script ended with status $status"
fi
while :; do sleep 86400; done
`
}

/**
 * What the console says of a program or script of ours that failed; the groups are its name and how. The lines are
 * those that `initScript` and `runScript` print.
 */
export const failureLine =
  /^cryoscope: (.+) (ended with status [1-9]\d*|was killed by signal \d+|was not found in the guest|could not be started in the guest.*)\r?$/m

/** Where the guest's kernel has its own files: what an image has there is out of sight. */
export const kernelPlaces = ['/proc', '/sys', '/dev'] as const

/** A part of /cryoscope/run: starts a program and notes on the console how it ended. */
export function runScript(argv: readonly string[]): string {
  const [program = ''] = argv
  const name = escapeText(basename(program))
  return `if ! command -v ${quote(program)} >/dev/null 2>&1; then
  printf '%s\\n' ${quote(`cryoscope: ${name} was not found in the guest`)}
  exit 127
fi
${argv.map(quote).join(' ')}
status=$?
if [ $status = 126 ] || [ $status = 127 ]; then
  printf '%s\\n' ${quote(`cryoscope: ${name} could not be started in the guest: its interpreter or loader is not there, or it is for another machine`)}
elif [ $status -gt 128 ]; then
  printf '%s\\n' ${quote(`cryoscope: ${name} was killed by signal `)}"$((status - 128))"
else
  printf '%s\\n' ${quote(`cryoscope: ${name} ended with status `)}"$status"
fi
`
}

/** One word for a POSIX shell, whatever it holds. */
export function quote(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`
}
