import { Problems } from '../problems.js'
import type { Session } from '../session/session.js'
import type { RawCall, RawEvent, RawReturn, RawStore } from '../time/engine/event.js'
import { mostFunctions } from '../time/engine/layout.js'
import type { Moment } from '../time/engine/run.js'
import type { Piece } from '../time/engine/shared-file.js'
import { boundsOf, replay, type Span } from './ask.js'
import { Lookout } from './look.js'
import { kernelFacts, recordOf, watchedPlace } from './watching.js'

/** Something that lasted, in ns of the guest's clock. */
export interface TimeSpan {
  readonly name: string
  readonly from: number
  readonly to: number
  readonly details: Readonly<Record<string, string | number>>
  /** Flows that leave from it, and those that end in it, by number. */
  readonly starts: readonly number[]
  readonly ends: readonly number[]
}

/** What one processor did. */
export interface CpuTimeline {
  readonly cpu: number
  /** Which task ran; none where it idled. */
  readonly tasks: readonly TimeSpan[]
  /** BPF programs and the kfuncs by which they queue tasks; those that call others hold them. */
  readonly programs: readonly TimeSpan[]
}

export interface TimelineCounter {
  readonly name: string
  readonly samples: readonly { readonly ns: number; readonly value: number }[]
}

/** What happened in a part of a guest's time, to be looked at as a picture. */
export interface Timeline {
  readonly isExact: boolean
  /** Where it is from, in a sentence. */
  readonly how: string
  readonly from: number
  readonly to: number
  readonly cpus: readonly CpuTimeline[]
  readonly counters: readonly TimelineCounter[]
  readonly problems: Problems
}

/** By which programs put tasks on queues, through the releases; the first parameter is the task. */
const insertNames = [
  ...['scx_bpf_dsq_insert', 'scx_bpf_dsq_insert___v2', 'scx_bpf_dsq_insert_vtime'],
  ...['__scx_bpf_dsq_insert_vtime', 'scx_bpf_dispatch', 'scx_bpf_dispatch_vtime'],
] as const

const programName = /^bpf_prog_[0-9a-f]{16}_(.+)$/

interface Queue {
  readonly address: bigint
  readonly name: string
}

interface Scene {
  readonly moment: Moment
  readonly queues: readonly Queue[]
  readonly tasks: ReadonlyMap<bigint, string>
}

/** What happened in a part of the record, complete: every switch of tasks, call of a program and change of a queue. */
export async function timelineOf(vm: Session, span: Span = {}): Promise<Timeline> {
  const bounds = await boundsOf(vm, span)
  const problems = new Problems()
  const [first, last] = await scenes(vm, bounds.from, bounds.to, span)
  for (const { address, name } of last.queues) {
    if (!first.queues.some((queue) => queue.address === address))
      problems.add(`DSQ ${name}`, 'it was made on the way and is not shown: ask for a part that begins later')
  }
  for (const { address, name } of first.queues) {
    if (!last.queues.some((queue) => queue.address === address))
      problems.add(`DSQ ${name}`, 'it went away on the way: what its count is after that is something else')
  }
  const currents = currentPieces(vm)
  const counts = first.queues.map((queue) => ({ queue, piece: countPiece(vm, queue) }))
  const functions = functionsIn(vm, problems)
  const pieces = [...currents.map(({ piece }) => piece), ...counts.map(({ piece }) => piece)]
  const { image, events } = await replay(
    vm,
    { pieces, functions: [...functions.keys()], returns: true },
    bounds,
    span,
  )

  const names = new Map([...last.tasks, ...first.tasks])
  for (const { task, pid, comm } of events) names.set(task, taskName(pid, comm))
  const flows = new Flows()
  const programs = callsOf(events, functions, names, flows, last.moment.ns)
  const memory = new Map<number, Buffer>()
  let done = 0
  for (const { offset, length } of pieces) {
    memory.set(offset, Buffer.from(image.subarray(done, done + length)))
    done += length
  }
  const wordOf = ({ offset }: Piece): Buffer => memory.get(offset) as Buffer
  const stores = events.filter((event): event is RawStore => event.kind === 'store')
  const counters = counts.map(({ queue, piece }) => ({
    name: `DSQ ${queue.name}`,
    samples: changes(stores, piece, wordOf(piece), first.moment.ns).map(({ ns, bytes }) => ({
      ns,
      value: bytes.readUInt32LE(),
    })),
  }))
  const runs = currents.flatMap(({ cpu, piece }) => {
    const held = changes(stores, piece, wordOf(piece), first.moment.ns)
    return held.map(({ ns, bytes }, index) => {
      const to = held[index + 1]?.ns ?? last.moment.ns
      return { cpu, task: bytes.readBigUInt64LE(), from: ns, to }
    })
  })
  const tasks = runsOf(runs, names, flows)
  const cpus = currents.map(({ cpu }) => ({
    cpu,
    tasks: tasks.get(cpu) ?? [],
    programs: programs.get(cpu) ?? [],
  }))
  return {
    isExact: true,
    how: `exact, from the record of ${vm.target.name} with seed ${recordOf(vm).time.seed}`,
    from: first.moment.ns,
    to: last.moment.ns,
    cpus,
    counters,
    problems,
  }
}

/** What there is where the part begins and where it ends. */
async function scenes(vm: Session, from: number, to: number, { signal }: Span): Promise<[Scene, Scene]> {
  return await recordOf(vm).aside({ stores: false }, async (journey) => {
    const lookout = new Lookout(vm, journey)
    try {
      const found: Scene[] = []
      for (const place of [from, to]) {
        const { instructions, ns } = await journey.goTo(place, { signal })
        const seen = await lookout.ask((at) => ({
          queues: at.sched.queues.map(({ address, name }) => ({ address, name })),
          tasks: new Map(at.tasks.map(({ address, pid, comm }) => [address, taskName(pid, comm)] as const)),
        }))
        found.push({ ...seen, moment: { instructions, ns } })
      }
      return found as [Scene, Scene]
    } finally {
      lookout.close()
    }
  })
}

function taskName(pid: number, comm: string): string {
  return `${comm} (${pid})`
}

function isIdle(name: string): boolean {
  return /^swapper\/\d+ \(0\)$/.test(name)
}

/** Where each CPU's pointer to its task is. */
function currentPieces(vm: Session): readonly { readonly cpu: number; readonly piece: Piece }[] {
  const current = kernelFacts(vm.kernel)?.current ?? []
  const { cpus } = recordOf(vm).guest
  return current.slice(0, cpus).map((address, cpu) => ({ cpu, piece: pieceAt(vm, address, 'u64') }))
}

function countPiece(vm: Session, { address }: Queue): Piece {
  return pieceAt(vm, address + BigInt(vm.kernel.layouts.get('scx_dispatch_q').offset('nr')), 'u32')
}

function pieceAt(vm: Session, address: bigint, type: string): Piece {
  const [piece] = watchedPlace(vm, address, type).pieces
  return piece as Piece
}

/** Programs and kfuncs whose calls are shown, by address. */
function functionsIn(vm: Session, problems: Problems): Map<bigint, string> {
  const found = new Map<bigint, string>()
  for (const name of insertNames) {
    const address = vm.kernel.findSymbol(name)
    if (address !== undefined) found.set(address, name)
  }
  let left = 0
  for (const { address, name, group } of vm.kernel.symbolizer.dynamic()) {
    const [, plain] = programName.exec(name) ?? []
    if (group !== 'bpf' || plain === undefined) continue
    if (found.size < mostFunctions) found.set(address, plain)
    else left++
  }
  if (left > 0) problems.add('BPF programs', `${left} more are loaded than can be followed, and not shown`)
  return found
}

/** Which insertion leads to which run: a task that was put on a queue runs next because of it. */
class Flows {
  readonly #waiting = new Map<bigint, { readonly flow: number; readonly ns: number }[]>()
  #next = 1

  leave(task: bigint, ns: number): number {
    const flow = this.#next++
    const before = this.#waiting.get(task)
    if (before === undefined) this.#waiting.set(task, [{ flow, ns }])
    else before.push({ flow, ns })
    return flow
  }

  /** Flows of insertions before a run that no run before it had. */
  arrive(task: bigint, ns: number): number[] {
    const waiting = this.#waiting.get(task) ?? []
    const count = waiting.findIndex((each) => each.ns > ns)
    return waiting.splice(0, count < 0 ? waiting.length : count).map(({ flow }) => flow)
  }
}

interface TaskRun {
  readonly cpu: number
  readonly task: bigint
  readonly from: number
  readonly to: number
}

/** Runs of tasks by CPU, without idling. Flows arrive in the order of time, on whatever CPU. */
function runsOf(
  runs: readonly TaskRun[],
  names: ReadonlyMap<bigint, string>,
  flows: Flows,
): Map<number, TimeSpan[]> {
  const found = new Map<number, TimeSpan[]>()
  for (const { cpu, task, from, to } of [...runs].sort((a, b) => a.from - b.from)) {
    const address = `0x${task.toString(16)}`
    const name = names.get(task) ?? `task ${address}`
    if (isIdle(name)) continue
    const span = { name, from, to, details: { task: address }, starts: [], ends: flows.arrive(task, from) }
    const before = found.get(cpu)
    if (before === undefined) found.set(cpu, [span])
    else before.push(span)
  }
  return found
}

/** Calls with their returns, by CPU, in the order in which they began. */
function callsOf(
  events: readonly RawEvent[],
  functions: ReadonlyMap<bigint, string>,
  names: ReadonlyMap<bigint, string>,
  flows: Flows,
  end: number,
): Map<number, TimeSpan[]> {
  const key = (rsp: bigint, time: number): string => `${rsp} ${time}`
  const returns = new Map<string, RawReturn>()
  for (const event of events) if (event.kind === 'return') returns.set(key(event.rsp, event.called), event)
  const found = new Map<number, TimeSpan[]>()
  for (const event of events) {
    if (event.kind !== 'call') continue
    const back = returns.get(key(event.rsp, event.time))
    const span = spanOf(event, functions.get(event.pc) ?? '', names, flows, back?.ns ?? end)
    const before = found.get(event.cpu)
    if (before === undefined) found.set(event.cpu, [span])
    else before.push(span)
  }
  return found
}

function spanOf(
  call: RawCall,
  name: string,
  names: ReadonlyMap<bigint, string>,
  flows: Flows,
  to: number,
): TimeSpan {
  const by = { task: taskName(call.pid, call.comm) }
  const isInsert = (insertNames as readonly string[]).includes(name)
  if (!isInsert) return { name, from: call.ns, to, details: by, starts: [], ends: [] }
  const [task = 0n, queue = 0n] = call.registers
  const whom = names.get(task) ?? `0x${task.toString(16)}`
  // Newer ones by virtual time get their arguments in a struct.
  const where = name.startsWith('__') ? {} : { dsq: `0x${queue.toString(16)}` }
  return {
    name: `insert ${whom}`,
    from: call.ns,
    to,
    details: { ...by, inserted: whom, kfunc: name, ...where },
    starts: [flows.leave(task, call.ns)],
    ends: [],
  }
}

/** What a piece of memory held, from the start and after each store that changed it. */
function changes(
  stores: readonly RawStore[],
  { offset, length }: Piece,
  image: Buffer,
  start: number,
): { readonly ns: number; readonly bytes: Buffer }[] {
  const found = [{ ns: start, bytes: image }]
  let bytes = image
  for (const { ns, offset: at, after } of stores) {
    const from = Math.max(offset, at)
    const to = Math.min(offset + length, at + after.length)
    if (from >= to) continue
    const next = Buffer.from(bytes)
    next.set(after.subarray(from - at, to - at), from - offset)
    if (!next.equals(bytes)) found.push({ ns, bytes: next })
    bytes = next
  }
  return found
}
