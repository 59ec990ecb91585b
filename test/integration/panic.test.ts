import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { formatLog } from '../../src/kernel/dmesg.js'
import { tellStory } from '../../src/report/story.js'
import { boot } from '../../src/session/guest.js'
import { openDump } from '../../src/session/open.js'
import type { Session } from '../../src/session/session.js'
import { missingForArm64 } from './support/arm64.js'

const reading = 'echo reading\nwhile :; do cat /proc/cpuinfo >/dev/null; sleep 0.05; done\n'

/** What each architecture prints of a fault, and how its stacks are read. */
const kinds = {
  amd64: {
    cause: /BUG: .*/,
    place: /RIP: 0010:(\S+)/,
    trace: /Call Trace:\n([\s\S]*?)<\/TASK>/,
    method: 'orc',
    exception: /\bv?panic\+0x[\s\S]*\basm_exc_page_fault\+0x/,
    stopped: /\bstop_this_cpu .*\basm_sysvec_reboot\b/,
  },
  arm64: {
    cause: /Unable to handle kernel .*/,
    place: /pc : (\S+)/,
    trace: /Call trace:\n([\s\S]*?)---\[ end trace/,
    method: 'frame-records',
    exception: /\bv?panic\+0x[\s\S]*\bel1h_64_sync\+0x/,
    stopped: /\blocal_cpu_stop .*\bel(1h|0t)_64_irq\b/,
  },
} as const

const missing = missingForArm64()
if (missing !== undefined) console.warn(`skipped for arm64: ${missing}; run scripts/setup`)

describe.each([
  ['6.18', 'amd64'],
  ['7.0', 'amd64'],
  ...(missing === undefined ? [['6.18', 'arm64'] as const] : []),
] as const)('a kernel that panicked, %s of %s', (kernel, arch) => {
  const kind = kinds[arch]

  const directory = mkdtempSync(join(tmpdir(), 'cryoscope-panic-'))
  let vm: Session
  /** What it printed of the fault. */
  let printed: string

  beforeAll(async () => {
    const script = join(directory, 'script.sh')
    writeFileSync(script, reading)
    vm = await boot({
      kernel,
      arch,
      memoryBytes: 320 * 2 ** 20,
      append: 'oops=panic panic=0',
      script,
      waitFor: /^reading/m,
    })
    await vm.freeze()
    expect(vm.panic).toBeUndefined()
    // The next cat of it calls a pointer to no function.
    const show = BigInt(vm.kernel.layouts.get('seq_operations').offset('show'))
    vm.write(vm.kernel.symbol('cpuinfo_op') + show, 0n, 'u64')
    await vm.thaw()
    const { machine } = vm
    const end = performance.now() + 60_000
    while (!/end Kernel panic/.test(machine?.console.text() ?? '')) {
      if (performance.now() > end) throw new Error(`it did not panic:\n${machine?.console.text()}`)
      await new Promise((go) => setTimeout(go, 50))
    }
    await vm.freeze()
    printed = (machine?.console.text() ?? '').replaceAll('\r', '')
  })

  afterAll(async () => {
    await vm?.close()
    rmSync(directory, { recursive: true, force: true })
  })

  /** Of the fault, as the kernel printed it: lines that it is sure of, without the sizes of functions. */
  const callTrace = (): string[] => {
    const [, trace = ''] = kind.trace.exec(printed) ?? []
    return [...trace.matchAll(/^\[ *[\d.]+\] {1,2}([\w.]+\+0x[0-9a-f]+)\/0x/gm)].map(
      ([, place = '']) => place,
    )
  }

  it('says where and why, as the kernel did', () => {
    const [, cpu, pid] = /CPU: (\d+) (?:UID: \d+ )?PID: (\d+) Comm: cat/.exec(printed) ?? []
    expect(vm.panic).toMatchObject({
      cpu: Number(cpu),
      task: { pid: Number(pid), name: 'cat' },
      message: /Kernel panic - not syncing: (.*)/.exec(printed)?.[1],
      cause: kind.cause.exec(printed)?.[0],
      where: kind.place.exec(printed)?.[1],
    })
    expect(vm.panic?.message).toContain('Fatal exception')
    const [first] = tellStory(vm).sentences
    expect(first?.sentence).toMatch(/^The kernel panicked after .* in cat \(pid \d+\): .*\. It began with: /)
  })

  it('has the log that it printed', () => {
    const log = formatLog(vm.dmesg)
    const lines = printed.split('\n').filter((line) => /^\[ *\d+\.\d+\] /.test(line))
    expect(lines.length).toBeGreaterThan(30)
    for (const line of lines) expect(log).toContain(line)
  })

  it('has the stack that led there, through the exception', () => {
    const trace = callTrace()
    expect(trace.length).toBeGreaterThan(5)
    const { cpu, task } = vm.panic ?? {}
    const stack = vm.vcpus[cpu ?? 0]?.stack
    expect(stack).toMatchObject({ method: kind.method, problem: undefined })
    expect(vm.stack(task?.pid ?? 0)).toEqual(stack)
    const symbols = stack?.frames.map(({ symbol }) => symbol) ?? []
    expect(symbols.slice(symbols.indexOf(undefined) + 1)).toEqual(trace)
    expect(symbols.join('\n')).toMatch(kind.exception)
  })

  it('has the stacks of the vCPUs that it stopped, through the interrupt', () => {
    const others = vm.vcpus.filter(({ cpu }) => cpu !== vm.panic?.cpu)
    expect(others).toHaveLength(1)
    for (const { stack } of others) {
      expect(stack?.problem).toBeUndefined()
      const symbols = stack?.frames.map(({ symbol }) => symbol?.replace(/\+.*/, '')) ?? []
      expect(symbols.join(' ')).toMatch(kind.stopped)
    }
  })

  it('says the same from a dump', async () => {
    const file = join(directory, 'vmcore')
    await vm.dump(file, 'kdump')
    const dump = openDump(file)
    expect(dump.panic).toEqual(vm.panic)
    expect(dump.vcpus.map(({ stack }) => stack)).toEqual(vm.vcpus.map(({ stack }) => stack))
    expect(dump.dmesg).toEqual(vm.dmesg)
    await dump.close()
  })
})
