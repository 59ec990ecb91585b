import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { tellStory } from '../../src/report/story.js'
import { boot } from '../../src/session/guest.js'
import type { Session } from '../../src/session/session.js'
import { bpftool, demoBuild } from './support/demo-guest.js'

/** A real-time task that never sleeps holds CPU 1, for which a task of the scheduler waits; then CPU 1 goes offline. */
const script = `
sh /demo/start.sh 0
echo -1 >/proc/sys/kernel/sched_rt_runtime_us
taskset 2 sh -c 'while :; do :; done' & V=$!
sleep 1
taskset 2 chrt -f 50 sh -c 'while :; do :; done' & H=$!
sleep 2
echo "causes: $V waits for $H"
read go
kill -9 $H
sleep 1
echo "<1>BUG: this is what a process says" >/dev/kmsg
echo 0 >/sys/devices/system/cpu/cpu1/online
sleep 2
dmesg | grep 'sched_ext: ' | sed 's/^.*sched_ext: /said 1: /'
echo "causes: offline"
sleep 8
echo 1 >/sys/devices/system/cpu/cpu1/online
mkdir -p /sys/fs/bpf/again
bpftool struct_ops register /demo/scx_demo.o /sys/fs/bpf/again
sleep 1
echo S >/proc/sysrq-trigger
sleep 2
dmesg | grep 'sched_ext: ' | sed 's/^.*sched_ext: /said 2: /'
echo "causes: sysrq"
sleep 1000
`

describe.each(['6.18', '7.0'])('causes that are not the scheduler, kernel %s', (kernel) => {
  const directory = mkdtempSync(join(tmpdir(), 'cryoscope-causes-'))
  let vm: Session

  beforeAll(async () => {
    writeFileSync(join(directory, 'script.sh'), script.replace('read go', 'sleep 8'))
    vm = await boot({
      kernel,
      cpus: 2,
      memoryBytes: 2 ** 29,
      run: [
        [bpftool, 'version'],
        ['/usr/bin/chrt', '--version'],
      ],
      files: [`${bpftool}:/usr/sbin/bpftool`, '/usr/bin/chrt:/usr/bin/chrt', `${demoBuild}:/demo`],
      script: join(directory, 'script.sh'),
      waitFor: /causes: \d+ waits for \d+/,
      bootTimeoutMs: 240_000,
    })
    await vm.freeze()
  })

  afterAll(async () => {
    await vm?.close()
    rmSync(directory, { recursive: true, force: true })
  })

  it('a real-time task that holds the CPU is told first', async () => {
    const said = vm.machine?.console.text() ?? ''
    const [, victim, hog] = /causes: (\d+) waits for (\d+)/.exec(said) ?? []
    expect(vm.sched.task(Number(hog))).toMatchObject({ schedClass: 'rt', allowedCpus: [1] })
    // A deadline server may just have let it run.
    for (let tries = 0; tries < 50 && vm.why(Number(victim)).verdict === 'running'; tries++)
      await vm.advance({ ms: 20 })
    const { reasons, verdict } = vm.why(Number(victim))
    expect(verdict).not.toBe('running')
    expect(reasons[0]?.sentence).toMatch(
      new RegExp(
        `\\(pid ${victim}\\) is ready, and every CPU that it may use runs a task of a higher class: CPU 1 .* \\(pid ${hog}\\) of class rt`,
      ),
    )
    expect(reasons.map(({ sentence }) => sentence).join()).not.toMatch(/dispatches others/)
    // Since Linux 7.0 a deadline server gives tasks of sched_ext a share all the same.
    const isStuck = (vm.sched.waiting.find(({ pid }) => pid === Number(victim))?.waitingMs ?? 0) >= 1000
    if (kernel === '6.18') expect(isStuck).toBe(true)
    const waiting = tellStory(vm).sentences.filter(({ topic }) => topic === 'waiting')
    expect(/runs a task of a higher class/.test(waiting[0]?.sentence ?? '')).toBe(isStuck)
  })

  /** Lets the guest go on until it says so. */
  async function until(said: string): Promise<void> {
    await vm.thaw()
    const end = performance.now() + 300_000
    while (!vm.machine?.console.text().includes(said)) {
      if (performance.now() > end) throw new Error(`it did not go on:\n${vm.machine?.console.text()}`)
      await new Promise((go) => setTimeout(go, 50))
    }
    await vm.freeze()
  }

  /** What the kernel printed of schedulers that left. */
  const printed = (time: number): string[] =>
    [...(vm.machine?.console.text() ?? '').matchAll(new RegExp(`^said ${time}: (.*)$`, 'gm'))].map(
      ([, line]) => line?.trim() ?? '',
    )

  it('a CPU that goes offline is why the scheduler left, in its own words', async () => {
    await until('causes: offline')
    expect(vm.sched.state).toBe('disabled')
    expect(vm.sched.schedulers).toEqual([])
    expect(vm.sched.departed).toMatchObject([
      {
        name: 'scx_demo',
        exit: {
          kind: 'UNREG_KERN',
          code: (1n << 32n) | (1n << 48n),
          codeFlags: ['RSN_HOTPLUG', 'ACT_RESTART'],
          message: 'cpu 1 going offline, exiting scheduler',
          backtrace: [],
        },
      },
    ])
    const { reason } = vm.sched.departed[0]?.exit ?? {}
    expect(printed(1)).toContain(`BPF scheduler "scx_demo" disabled (${reason})`)
    const sentences = tellStory(vm).sentences.map(({ sentence }) => sentence)
    expect(sentences.join('\n')).toMatch(
      /Scheduler scx_demo has left: .*cpu 1 going offline, exiting scheduler/,
    )
    // CPU 1 is told of by nobody, and what a process wrote is no complaint of the kernel.
    expect(sentences.filter((sentence) => /^CPU/.test(sentence)).join()).not.toMatch(/CPUs? .*\b1\b/)
    expect(vm.dmesg.map(({ text }) => text)).toContain('BUG: this is what a process says')
    expect(sentences.join('\n')).not.toMatch(/what a process says/)
  }, 320_000)

  it('a key of sysrq is why the next one left', async () => {
    await until('causes: sysrq')
    expect(vm.sched.state).toBe('disabled')
    const { departed } = vm.sched
    const found = departed.find(({ exit }) => exit.kind === 'SYSRQ')
    expect(departed).toHaveLength(2)
    expect(found).toMatchObject({ name: 'scx_demo', exit: { code: 0n, codeFlags: [], message: '' } })
    expect(found?.exit.reason).toMatch(/sysrq-S/)
    expect(printed(2)).toContain(`BPF scheduler "scx_demo" disabled (${found?.exit.reason})`)
    const sentences = tellStory(vm).sentences.map(({ sentence }) => sentence)
    expect(sentences.join('\n')).toMatch(/Scheduler scx_demo has left: .*sysrq-S/)
  }, 320_000)
})
