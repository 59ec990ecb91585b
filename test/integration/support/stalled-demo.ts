import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { boot } from '../../../src/session/guest.js'
import type { Session } from '../../../src/session/session.js'
import { bpftool, demoBuild } from './demo-guest.js'

export interface StalledDemo {
  readonly session: Session
  /** What /proc/PID/stack said of every task. */
  readonly stacks: string
  readonly remove: () => void
}

/** Boots the demo, frozen when its workers have been held back for some seconds. */
export async function stalledDemo(kernel: string, kaslr: boolean): Promise<StalledDemo> {
  const directory = mkdtempSync(join(tmpdir(), 'cryoscope-stall-'))
  const remove = (): void => rmSync(directory, { recursive: true, force: true })
  const script = join(directory, 'script.sh')
  writeFileSync(
    script,
    `sh /demo/start.sh 4
mkdir -p /tmp/out
for file in /proc/[0-9]*/stack; do echo "== $file"; cat $file; done >/tmp/out/stacks 2>/dev/null
for port in /sys/class/virtio-ports/*; do
  [ "$(cat $port/name)" = cryoscope.out ] && tar -c -C /tmp/out . >/dev/\${port##*/}
done
sh /demo/control.sh stall-comm demo_worker
sleep 1
echo "cryoscope: stalled"
sleep 1000
`,
  )
  try {
    const session = await boot({
      kernel,
      kaslr,
      cpus: 2,
      memoryBytes: 2 ** 29,
      run: [[bpftool, 'version']],
      files: [`${bpftool}:/usr/sbin/bpftool`, `${demoBuild}:/demo`],
      script,
      waitFor: /cryoscope: stalled/,
      bootTimeoutMs: 240_000,
    })
    await session.advance({ ms: 2000 })
    mkdirSync(join(directory, 'out'))
    execFileSync('tar', ['-xf', session.machine?.outbox ?? '', '-C', join(directory, 'out')])
    return { session, stacks: readFileSync(join(directory, 'out/stacks'), 'latin1'), remove }
  } catch (error) {
    remove()
    throw error
  }
}

/** After how many milliseconds of waiting the kernel ejects the scheduler; its ticks are 250 a second. */
export function setWatchdog(session: Session, ms: number): void {
  const { timeoutAddress = 0n } = session.sched.watchdog
  session.write(timeoutAddress, BigInt(ms / 4), 'unsigned long')
}
