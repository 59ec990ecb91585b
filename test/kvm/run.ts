/**
 * `npm run test:kvm [-- --engine tcg]`: what only real KVM can show, as a report that can be pasted into an issue. `--engine tcg`
 * tries the report itself where there is no KVM. Exit status: 0 all passed, 1 something failed, 3 KVM cannot be used here.
 */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { parseArgs } from 'node:util'
import { CryoscopeError } from '../../src/errors.js'
import { boot } from '../../src/session/guest.js'
import type { Session } from '../../src/session/session.js'

type Check = readonly [title: string, run: (vm: Session) => Promise<string>]

const words = parseArgs({ options: { engine: { type: 'string', default: 'kvm' } } }).values
const engine = words.engine === 'tcg' ? 'tcg' : 'kvm'
/** Functions that every kernel calls all the time: one more than there are debug registers. */
const busy = ['schedule', 'update_process_times', 'ktime_get', 'try_to_wake_up', 'hrtimer_interrupt']
const longStop = 15_000

const checks: readonly Check[] = [
  [
    'run to a function, twice',
    async (vm) => {
      const places = []
      for (let i = 0; i < 2; i++) {
        const stop = await vm.runUntil('schedule', { timeoutMs: 20_000 })
        expect(stop.reason === 'breakpoint', `it ended by ${stop.reason}`)
        places.push(`CPU ${'cpu' in stop ? stop.cpu : '?'}`)
      }
      return places.join(', ')
    },
  ],
  [
    `run to any of ${busy.length} functions (KVM has four debug registers)`,
    async (vm) => {
      const known = busy.filter((name) => vm.kernel.findSymbol(name) !== undefined)
      const stops = new Set<string>()
      for (const name of known) {
        const stop = await vm.runUntil(name, { timeoutMs: 20_000 })
        expect(stop.reason === 'breakpoint', `${name} ended by ${stop.reason}`)
        stops.add(name)
      }
      return `${stops.size} of ${busy.length} reached`
    },
  ],
  [
    'run until memory is written',
    async (vm) => {
      const before = vm.variable('jiffies') as bigint
      const stop = await vm.runUntil({ write: 'jiffies' }, { timeoutMs: 20_000 })
      expect(stop.reason === 'watchpoint', `it ended by ${stop.reason}`)
      return `jiffies ${before} → ${vm.variable('jiffies')}`
    },
  ],
  [
    'step one vCPU 200 instructions, interrupts or not',
    async (vm) => {
      await vm.runUntil('schedule', { timeoutMs: 20_000 })
      const [vcpu] = vm.vcpus
      expect(vcpu !== undefined, 'there is no vCPU')
      const from = vcpu?.where
      const end = (await vcpu?.step(200)) as { steps?: number; note?: string } | undefined
      return `${from} → ${vm.vcpus[0]?.where}${end?.note === undefined ? '' : ` (${end.note})`}`
    },
  ],
  [
    `clocks after a stop of ${longStop / 1000} s`,
    async (vm) => {
      await new Promise((resolve) => setTimeout(resolve, longStop))
      await vm.advance({ ms: 3000 })
      const complaints = vm.dmesg
        .map(({ text }) => text)
        .filter((text) =>
          /clocksource.*unstable|marking clocksource|soft lockup|rcu.*stall|watchdog: BUG/i.test(text),
        )
      expect(complaints.length === 0, `the kernel says: ${complaints.join(' | ')}`)
      return `clocksource ${
        vm
          .at('curr_clocksource', 'struct clocksource *')
          ?.toString()
          .match(/name *= "?(\w+)/)?.[1] ?? 'unknown'
      }, no complaint`
    },
  ],
  [
    'a checkpoint, and back',
    async (vm) => {
      const { name } = await vm.checkpoint('kvm')
      const before = vm.variable('jiffies') as bigint
      await vm.advance({ ms: 200 })
      await vm.restore(name)
      const after = vm.variable('jiffies') as bigint
      expect(after === before, `jiffies were ${before} and are ${after}`)
      return `jiffies ${before} again`
    },
  ],
  [
    'registers, tasks and stacks agree',
    async (vm) => {
      const lines = vm.vcpus.map((vcpu) => `${vcpu.cpu}: ${vcpu.where ?? 'user space'}`)
      expect(vm.problems.length === 0, vm.problems.map(String).join(' | '))
      return lines.join('; ')
    },
  ],
]

function expect(holds: boolean, why: string): asserts holds {
  if (!holds) throw new CryoscopeError('guest', why)
}

function machine(): string {
  const info = readFileSync('/proc/cpuinfo', 'utf8')
  const flags = /^flags\s*:(.*)$/m.exec(info)?.[1]?.split(' ') ?? []
  const has = (flag: string) => flags.includes(flag)
  const virtual = has('vmx') ? 'vmx' : has('svm') ? 'svm' : 'neither vmx nor svm'
  const nested = has('hypervisor') ? ', itself a guest (nested)' : ''
  const qemu = execFileSync('qemu-system-x86_64', ['--version'], { encoding: 'utf8' }).split('\n')[0]
  const host = execFileSync('uname', ['-r'], { encoding: 'utf8' }).trim()
  return `${cpus()[0]?.model ?? 'unknown processor'}, ${virtual}${nested}; Linux ${host}; ${qemu}; Node.js ${process.versions.node}`
}

async function main(): Promise<number> {
  console.log(`## cryoscope on ${engine.toUpperCase()}\n\n${machine()}\n`)
  let vm: Session
  try {
    vm = await boot({ accelerator: engine, cpu: engine === 'kvm' ? 'host' : 'max', cpus: 2 })
  } catch (error) {
    if (!(error instanceof CryoscopeError) || error.code !== 'environment') throw error
    console.log(`Not run: ${error.message}`)
    return 3
  }
  let failed = 0
  try {
    await vm.freeze()
    console.log('| check | outcome | |\n|---|---|---|')
    for (const [title, run] of checks) {
      const start = performance.now()
      let line: string
      try {
        line = `ok | ${await run(vm)}`
      } catch (error) {
        failed++
        line = `FAILED | ${error instanceof CryoscopeError ? error.message : (error as Error).stack}`
      }
      console.log(`| ${title} | ${line.replace(/\n/g, ' ')} (${Math.round(performance.now() - start)} ms) |`)
    }
  } finally {
    await vm.close()
  }
  console.log(failed === 0 ? '\nAll passed.' : `\n${failed} failed.`)
  return failed === 0 ? 0 : 1
}

process.exitCode = await main()
