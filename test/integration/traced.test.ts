import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { boot } from '../../src/session/guest.js'
import type { Session } from '../../src/session/session.js'
import { bpftool, demoBuild } from './support/demo-guest.js'

/** Tasks that sleep below functions which tracers hold, and what the kernel says of their stacks. */
const script = `
T=/sys/kernel/tracing
mount -t tracefs none $T 2>/dev/null
mkdir -p /tmp/out /sys/fs/bpf/gallery
bpftool prog loadall /demo/gallery.bpf.o /sys/fs/bpf/gallery autoattach 2>/dev/null
mkfifo /tmp/fifo; sleep 2000 >/tmp/fifo &
echo 'r:kr vfs_read' >$T/kprobe_events; echo 1 >$T/events/kprobes/kr/enable
echo 'f:fr common_nsleep%return' >>$T/dynamic_events; echo 1 >$T/events/fprobes/fr/enable
cat </tmp/fifo & A=$!
sleep 2001 & B=$!
sleep 1
printf '%s\\n' do_nanosleep hrtimer_nanosleep __x64_sys_clock_nanosleep schedule >$T/set_ftrace_filter
echo function_graph >$T/current_tracer
sleep 2002 & C=$!
sleep 1
for pid in $A $B $C; do echo "== /proc/$pid/stack"; cat /proc/$pid/stack; done >/tmp/out/stacks
cat $T/kprobe_events $T/dynamic_events $T/current_tracer >/tmp/out/tracers
for port in /sys/class/virtio-ports/*; do
  [ "$(cat $port/name)" = cryoscope.out ] && tar -c -C /tmp/out . >/dev/\${port##*/}
done
echo "cryoscope: traced"
sleep 1000
`

describe.each(['6.18', '7.0'])('stacks below tracers, kernel %s', (kernel) => {
  const directory = mkdtempSync(join(tmpdir(), 'cryoscope-traced-'))
  let vm: Session
  let shown: string

  beforeAll(async () => {
    writeFileSync(join(directory, 'script.sh'), script)
    vm = await boot({
      kernel,
      cpus: 2,
      memoryBytes: 2 ** 29,
      run: [[bpftool, 'version']],
      files: [`${bpftool}:/usr/sbin/bpftool`, `${demoBuild}:/demo`],
      script: join(directory, 'script.sh'),
      waitFor: /cryoscope: traced/,
      bootTimeoutMs: 240_000,
    })
    await vm.freeze()
    mkdirSync(join(directory, 'out'))
    execFileSync('tar', ['-xf', vm.machine?.outbox ?? '', '-C', join(directory, 'out')])
    expect(readFileSync(join(directory, 'out/tracers'), 'utf8')).toMatch(/kr[\s\S]*fr[\s\S]*function_graph/)
    shown = readFileSync(join(directory, 'out/stacks'), 'utf8')
  })

  afterAll(async () => {
    await vm?.close()
    rmSync(directory, { recursive: true, force: true })
  })

  it('are those that /proc/PID/stack shows, to the outermost frame', () => {
    const start = vm.kernel.symbol('__sched_text_start')
    const end = vm.kernel.symbol('__sched_text_end')
    const parts = shown.split('== /proc/').slice(1)
    expect(parts).toHaveLength(3)
    for (const part of parts) {
      const theirs = [...part.matchAll(/^\[<0>\] (\S+)\/0x/gm)].map(([, symbol]) => symbol)
      expect(theirs.length).toBeGreaterThan(4)
      const { frames, problem, method, userAddress } = vm.stack(Number.parseInt(part, 10))
      expect({ problem, method }).toEqual({ problem: undefined, method: 'orc' })
      // The kernel leaves out where the scheduler itself stands, to the first frame that is not its own.
      const first = frames.findIndex(({ address }) => address < start || address >= end)
      const ours = frames.slice(first).map(({ symbol }) => symbol?.replace(/ \[bpf\]$/, ''))
      expect(ours).toEqual(theirs)
      expect(ours.at(-1)).toMatch(/^entry_SYSCALL_64_after_hwframe/)
      expect(userAddress).toBeGreaterThan(0x1000n)
      expect(userAddress).toBeLessThan(1n << 47n)
    }
  })

  it('hold what tracers replaced: no frame is one of theirs', () => {
    const replaced = vm.tasks
      .filter(({ isRunning }) => !isRunning)
      .flatMap(({ pid }) => vm.stack(pid).frames.map(({ symbol }) => symbol ?? ''))
    expect(replaced.filter((symbol) => /return_to_handler|arch_rethook_trampoline/.test(symbol))).toEqual([])
    // They are on the stack all the same.
    const handler = vm.kernel.symbol('return_to_handler')
    const held = vm.tasks.filter(({ pid, address, isRunning }) => {
      if (isRunning || pid === 0) return false
      const stack = vm.kernel.struct('task_struct', address).pointer('stack')
      const view = new DataView(vm.kernel.space.bytes(stack, 16_384).slice().buffer)
      return Array.from({ length: 2048 }, (_, i) => view.getBigUint64(i * 8, true)).includes(handler)
    })
    expect(held.length).toBeGreaterThan(0)
  })
})
