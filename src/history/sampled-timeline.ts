import { CryoscopeError } from '../errors.js'
import { Problems } from '../problems.js'
import type { Session } from '../session/session.js'
import type { Timeline, TimelineCounter, TimeSpan } from './timeline.js'
import { kernelFacts } from './watching.js'

export interface SampleOptions {
  /** Milliseconds of the guest to look at; default 200. */
  readonly forMs?: number
  /** Microseconds from one look to the next; default 1000. */
  readonly everyUs?: number
  readonly signal?: AbortSignal
  readonly onProgress?: (done: number, total: number) => void
}

/**
 * Lets a guest run in short slices and looks after each: which task each CPU runs, how deep each queue is. What happens
 * between two looks is not seen. Times are those that the slices took, from 0 on. The guest is frozen afterwards.
 */
export async function sampleTimeline(
  vm: Session,
  { forMs = 200, everyUs = 1000, signal, onProgress }: SampleOptions = {},
): Promise<Timeline> {
  const { control } = vm.target
  if (control === undefined) {
    throw new CryoscopeError('state', `${vm.target.name} does not run: trace a guest, or a recording`)
  }
  if (!(forMs > 0) || !(everyUs > 0))
    throw new CryoscopeError('usage', 'times to trace are positive: for so long, every so often')
  const problems = new Problems()
  await control.freeze()
  const open = new Map<number, { name: string; from: number }>()
  const tasks = new Map<number, TimeSpan[]>()
  const counters = new Map<string, { ns: number; value: number }[]>()
  const close = (cpu: number, to: number): void => {
    const { name, from } = open.get(cpu) ?? { name: '', from: 0 }
    open.delete(cpu)
    if (name !== '') tasks.get(cpu)?.push({ name, from, to, details: {}, starts: [], ends: [] })
  }
  let ns = 0
  let looks = 0
  for (;;) {
    looks++
    problems.attempt(`the look at ${ns} ns`, () => {
      for (const [cpu, name] of running(vm)) {
        if (!tasks.has(cpu)) tasks.set(cpu, [])
        if (open.get(cpu)?.name === name) continue
        close(cpu, ns)
        open.set(cpu, { name, from: ns })
      }
      for (const { name, depth } of vm.sched.queues) {
        const samples = counters.get(name) ?? []
        counters.set(name, samples)
        if (samples.at(-1)?.value !== depth) samples.push({ ns, value: depth })
      }
    })
    if (ns >= forMs * 1e6) break
    signal?.throwIfAborted()
    const stop = await control.advance({ us: everyUs }, signal === undefined ? {} : { signal })
    ns += Math.round((stop.elapsedMicroseconds ?? everyUs) * 1000)
    onProgress?.(Math.min(ns, forMs * 1e6), forMs * 1e6)
  }
  for (const cpu of [...open.keys()]) close(cpu, ns)
  const mean = Math.round(ns / Math.max(1, looks - 1) / 1000)
  return {
    isExact: false,
    how: `sampled: ${looks} looks at ${vm.target.name}, ${mean} us of the guest apart; what happened between two is not seen`,
    from: 0,
    to: ns,
    cpus: [...tasks].map(([cpu, spans]) => ({ cpu, tasks: spans, programs: [] })),
    counters: [...counters].map(([name, samples]): TimelineCounter => ({ name: `DSQ ${name}`, samples })),
    problems,
  }
}

/** The task that each CPU runs; no name for idle ones. */
function running(vm: Session): [number, string][] {
  const { kernel } = vm
  const facts = kernelFacts(kernel)
  if (facts === undefined) {
    throw new CryoscopeError('state', 'which task a CPU runs is only known of x86-64 guests')
  }
  const online = new Set(kernel.cpus.online)
  return facts.current.flatMap((address, cpu): [number, string][] => {
    if (address === 0n || !online.has(cpu)) return []
    const task = kernel.struct('task_struct', kernel.space.u64(address))
    const pid = Number(task.integer('pid'))
    return [[cpu, pid === 0 ? '' : `${task.text('comm')} (${pid})`]]
  })
}
