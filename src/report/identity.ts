import type { BpfProgram } from '../bpf/program.js'
import type { BpfLink } from '../bpf/programs/links.js'
import type { ReportStructOps } from './parts/programs.js'
import type { ReportSched } from './parts/sched.js'
import type { ReportTask } from './parts/tasks.js'

/** An object of the report by kind and name: "task:187", "queue:0x79", "cpu:1", "map:4", "allocation:tasks[5]". */
export type ObjectId = string

/** What belongs to what, by ids; everything else is where the objects themselves are. */
export interface Identity {
  readonly tasks: Readonly<Record<ObjectId, TaskLinks>>
  readonly queues: Readonly<
    Record<ObjectId, { readonly tasks: readonly ObjectId[]; readonly cpu: ObjectId | null }>
  >
  readonly cpus: Readonly<Record<ObjectId, CpuLinks>>
  readonly maps: Readonly<Record<ObjectId, { readonly programs: readonly ObjectId[] }>>
  readonly programs: Readonly<Record<ObjectId, ProgramLinks>>
  /** Elements of allocators that values of tasks' storages point at, or that point at tasks. */
  readonly allocations: Readonly<
    Record<ObjectId, { readonly tasks: readonly ObjectId[]; readonly values: readonly ValueLink[] }>
  >
}

export interface TaskLinks {
  readonly name: string
  readonly cpu: ObjectId | null
  readonly runs: boolean | null
  readonly queue: ObjectId | null
  /** From 0; null on no queue. */
  readonly position: number | null
  /** Storages that hold a value of it. */
  readonly values: readonly ObjectId[]
  /** Elements of allocators that those values point at. */
  readonly allocations: readonly ObjectId[]
}

export interface CpuLinks {
  readonly runs: ObjectId | null
  readonly ready: readonly ObjectId[]
  readonly queues: readonly ObjectId[]
}

export interface ProgramLinks {
  readonly maps: readonly ObjectId[]
  readonly links: readonly ObjectId[]
  /** "sched_ext_ops.enqueue of map:12". */
  readonly members: readonly string[]
}

/** A value that points at an element. */
export interface ValueLink {
  readonly map: ObjectId
  readonly path: string
}

/** Text of entries, by the map or allocator that they are of. */
export interface LinkSources {
  readonly tasks: readonly ReportTask[]
  readonly sched: ReportSched | null
  readonly programs: readonly BpfProgram[]
  readonly links: readonly BpfLink[]
  readonly structOps: ReportStructOps
  readonly storages: readonly { readonly id: number; readonly entries: Iterable<string> }[]
  readonly allocators: readonly { readonly name: string; readonly entries: Iterable<string> }[]
}

/** Joins tasks, queues, CPUs, maps, programs and allocations. */
export function identityOf(sources: LinkSources): Identity {
  const { tasks, sched, programs, links, structOps } = sources
  const places = new Map<string, { queue: ObjectId; position: number | null }>()
  const queues: Record<ObjectId, { tasks: ObjectId[]; cpu: ObjectId | null }> = {}
  for (const queue of sched?.queues ?? []) {
    const id = `queue:${queue.name}`
    queues[id] = { tasks: queue.tasks.map(taskId), cpu: queue.cpu === null ? null : `cpu:${queue.cpu}` }
    for (const { address, position } of queue.tasks)
      places.set(address, { queue: id, position: position ?? null })
  }
  const owned = ownedValues(sources)
  const taskLinks: Record<ObjectId, TaskLinks> = {}
  for (const { pid, name, cpu, isRunning, address } of tasks) {
    // Idle tasks share pid 0.
    const id = pid === 0 ? `task:0@${cpu}` : `task:${pid}`
    const place = places.get(address)
    const own = owned.get(address)
    taskLinks[id] = {
      name,
      cpu: cpu === null ? null : `cpu:${cpu}`,
      runs: isRunning,
      queue: place?.queue ?? null,
      position: place?.position ?? null,
      values: own === undefined ? [] : [...own.maps],
      allocations: own === undefined ? [] : [...own.allocations.keys()],
    }
  }
  const cpus: Record<ObjectId, CpuLinks> = {}
  for (const { cpu, current, schedExt } of sched?.runqueues ?? []) {
    const own = (sched?.queues ?? []).filter((queue) => queue.cpu === cpu)
    cpus[`cpu:${cpu}`] = {
      runs: current === null ? null : current.pid === 0 ? `task:0@${cpu}` : taskId(current),
      ready: schedExt?.runnable.map(taskId) ?? [],
      queues: own.map(({ name }) => `queue:${name}`),
    }
  }
  const maps: Record<ObjectId, { programs: ObjectId[] }> = {}
  const programLinks: Record<ObjectId, ProgramLinks> = {}
  for (const { id, mapIds } of programs) {
    programLinks[`program:${id}`] = {
      maps: mapIds.map((map) => `map:${map}`),
      links: links.filter(({ programId }) => programId === id).map((link) => `link:${link.id}`),
      members: structOps.members
        .filter(({ programId }) => programId === id)
        .map(({ operations, member, mapId }) => `${operations}.${member} of map:${mapId}`),
    }
    for (const map of mapIds) {
      maps[`map:${map}`] ??= { programs: [] }
      maps[`map:${map}`]?.programs.push(`program:${id}`)
    }
  }
  return {
    tasks: taskLinks,
    queues,
    cpus,
    maps,
    programs: programLinks,
    allocations: allocationLinks(owned, sources),
  }
}

function taskId({ pid }: { readonly pid: number }): ObjectId {
  return `task:${pid}`
}

interface Owned {
  readonly pid: number
  readonly maps: Set<ObjectId>
  readonly allocations: Map<ObjectId, ValueLink>
}

/** Values in storages of tasks by the address of their task, and what they point at. */
function ownedValues({ storages }: LinkSources): Map<string, Owned> {
  const found = new Map<string, Owned>()
  for (const { id, entries } of storages) {
    for (const text of entries) {
      const { key, value } = JSON.parse(text) as {
        key: { owner?: { kind?: string; address?: string; pid?: number } }
        value?: { value?: unknown }
      }
      const { kind, address, pid } = key.owner ?? {}
      if (kind !== 'task' || address === undefined || pid === undefined) continue
      const own = found.get(address) ?? { pid, maps: new Set<ObjectId>(), allocations: new Map() }
      found.set(address, own)
      own.maps.add(`map:${id}`)
      for (const { to, path } of pointersIn(value?.value)) {
        const element = to === undefined ? undefined : elementOf(to)
        if (element !== undefined) own.allocations.set(element, { map: `map:${id}`, path })
      }
    }
  }
  return found
}

function allocationLinks(
  owned: ReadonlyMap<string, Owned>,
  { allocators }: LinkSources,
): Record<ObjectId, { tasks: ObjectId[]; values: ValueLink[] }> {
  const found: Record<ObjectId, { tasks: ObjectId[]; values: ValueLink[] }> = {}
  const of = (id: ObjectId): { tasks: ObjectId[]; values: ValueLink[] } => {
    found[id] ??= { tasks: [], values: [] }
    return found[id]
  }
  for (const { pid, allocations } of owned.values()) {
    for (const [id, link] of allocations) {
      const links = of(id)
      links.tasks.push(`task:${pid}`)
      links.values.push(link)
    }
  }
  const byAddress = new Map([...owned].map(([address, { pid }]) => [address, `task:${pid}`]))
  for (const { name, entries } of allocators) {
    for (const text of entries) {
      // Most elements point at no task: only those that do are parsed.
      if (!text.includes('struct task_struct *')) continue
      const element = JSON.parse(text) as { index: number; value?: unknown }
      for (const { pointer, type } of pointersIn(element.value)) {
        const task = type === 'struct task_struct *' ? byAddress.get(pointer) : undefined
        if (task === undefined) continue
        const links = of(`allocation:${name}[${element.index}]`)
        if (!links.tasks.includes(task)) links.tasks.push(task)
      }
    }
  }
  return found
}

/** "scx_task_allocator[5].pid" and "scx_task_allocator[5]+0x0" are in element 5. */
function elementOf(to: string): ObjectId | undefined {
  const found = /^(\S+\[\d+\])/.exec(to)
  return found === null ? undefined : `allocation:${found[1]}`
}

interface FoundPointer {
  readonly pointer: string
  readonly type: string
  readonly to: string | undefined
  readonly path: string
}

/** Pointers in a rendered value, with the way to them. */
function* pointersIn(value: unknown, path = ''): Generator<FoundPointer> {
  if (typeof value !== 'object' || value === null) return
  if (Array.isArray(value)) {
    for (const [i, item] of value.entries()) yield* pointersIn(item, `${path}[${i}]`)
    return
  }
  const { pointer, type, to } = value as Record<string, unknown>
  if (typeof pointer === 'string' && typeof type === 'string') {
    yield { pointer, type, to: typeof to === 'string' ? to : undefined, path }
    return
  }
  for (const [name, item] of Object.entries(value))
    yield* pointersIn(item, path === '' ? name : `${path}.${name}`)
}
