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
    return `${made}mount -t ${type} ${type} ${place} || echo "cryoscope: cannot mount ${type} on ${place}"`
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

/** A part of /cryoscope/run: starts a program and notes on the console how it ended. */
export function runScript(argv: readonly string[]): string {
  const name = escapeText(basename(argv[0] ?? ''))
  return `${argv.map(quote).join(' ')}
status=$?
if [ $status -gt 128 ]; then
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
