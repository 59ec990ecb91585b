import type { BpfMap, EntryValue, MapEntry } from '../bpf/map.js'
import { type TaskArenaObject, taskArenaObjects } from '../bpf/task/arena-objects.js'
import { type TaskEntry, taskEntries } from '../bpf/task/entries.js'
import { type ContextItemJson, contextItemJson } from '../contract/context.js'
import { hexAddress } from '../contract/json.js'
import { eachWithJson } from '../contract/shape.js'
import { Found, stated } from '../found.js'
import type { Kernel } from '../kernel/kernel.js'
import type { Task } from '../kernel/tasks.js'
import { type Problem, Problems, problemText } from '../problems.js'
import { schedContext } from '../sched/context.js'
import type { DispatchQueue, QueueFacts } from '../sched/dispatch-queue.js'
import { readEntity } from '../sched/entity.js'
import { readQueues } from '../sched/queues.js'
import type { AnyValue } from '../value/types.js'
import type { BpfObjects } from './bpf-objects.js'

/** One thing that BPF keeps of a task. */
export interface ContextItem {
  readonly kind: 'task_storage' | 'map_entry' | 'arena' | 'dsq'
  /** The map or arena that it is in; undefined for a DSQ. */
  readonly map: string | undefined
  readonly mapId: number | undefined
  /** Where its value lies: of an arena as programs have it; 0n where the kernel makes it up. */
  readonly address: bigint | undefined
  /** How it is known to be the task's, a sentence without its full stop. */
  readonly how: string
  /** The entry's key: bytes and what they say. */
  readonly key: MapEntry['key'] | undefined
  /** Typed and lazy; undefined for per-CPU entries, for DSQs, and where there is no type. */
  readonly value: AnyValue
  /** As it is stored; undefined where that cannot be read. */
  readonly bytes: Uint8Array | undefined
  /** Entries of per-CPU maps. */
  readonly cpus: MapEntry['cpus']
  /** Of a DSQ: the queue and the task's place in it, 0 being the first. */
  readonly queue: DispatchQueue | undefined
  readonly position: number | undefined
}

/** All that BPF keeps of one task, and whether that is all. */
export class TaskContext {
  readonly task: Task
  readonly items: Found<ContextItem>
  /** What could not be read. */
  readonly problems: readonly Problem[]

  constructor(task: Task, items: readonly ContextItem[], problems: Problems) {
    this.task = task
    const [first] = problems.list
    this.items = first === undefined ? Found.all(items) : Found.some(items, problemText(first))
    this.problems = problems.list
  }

  /** Whether nothing can be missing. */
  get isWhole(): boolean {
    return this.items.isWhole
  }

  [Symbol.iterator](): Iterator<ContextItem> {
    return this.items.seen[Symbol.iterator]()
  }

  /** The items in one map or arena, by its name. */
  of(map: string): readonly ContextItem[] {
    return this.items.seen.filter((item) => item.map === map)
  }

  toJSON(): readonly ContextItemJson[] {
    return this.items.seen.map(contextItemJson)
  }
}

/** Looks through maps, arenas and dispatch queues for what is a task's. */
export function taskContext(
  bpf: Pick<BpfObjects, 'kernel' | 'maps' | 'arenas'>,
  task: Task,
  problems: Problems,
): TaskContext {
  const own = problems.part()
  // Without one list there is still what the others say.
  const maps = own.attempt('maps', () => bpf.maps) ?? []
  const arenas = own.attempt('arenas', () => bpf.arenas) ?? []
  const entries = [...taskEntries(maps, task, own)]
  const objects = taskArenaObjects(arenas, entries, task, own)
  const queued = own.attempt('dispatch queues', () => queueItems(bpf.kernel, task, own)) ?? []
  const items = [...entries.map(entryItem), ...objects.map(arenaItem), ...queued]
  return new TaskContext(task, eachWithJson(items, contextItemJson), own)
}

const none = {
  map: undefined,
  mapId: undefined,
  address: undefined,
  key: undefined,
  value: undefined,
  bytes: undefined,
  cpus: undefined,
  queue: undefined,
  position: undefined,
} as const

function entryItem({ kind, map, entry, how }: TaskEntry): ContextItem {
  const { value, cpus, key } = entry
  return { ...none, kind, ...placed(map), how, key, cpus, ...stored(value) }
}

function placed({ name, id }: BpfMap): Pick<ContextItem, 'map' | 'mapId'> {
  return { map: name, mapId: id }
}

function stored(entry: EntryValue | undefined): Pick<ContextItem, 'address' | 'value' | 'bytes'> {
  return { address: entry?.address, value: entry?.value, bytes: entry?.bytes }
}

function arenaItem({ arena, object, address, value, bytes, how }: TaskArenaObject): ContextItem {
  const said = `${object.name}: ${how.join('; ')}`
  return { ...none, kind: 'arena', map: arena.name, mapId: arena.id, address, how: said, value, bytes }
}

/**
 * The queue that the task says it is on, and one that has it in its list: they differ while a CPU moves the task from one to another
 * (task_unlink_from_dsq and what follows it in kernel/sched/ext.c).
 */
function queueItems(kernel: Kernel, { address }: Task, problems: Problems): ContextItem[] {
  const context = schedContext(kernel, problems)
  const entity = readEntity(context, address)
  if (entity === undefined) return []
  const { queueAddress: at, holdingCpu } = entity
  // What is wrong with other queues says nothing of this one.
  const queues = readQueues({ ...context, problems: new Problems() }).seen
  const holding = queues.filter((queue) => positionIn(queue, address) !== undefined)
  const moved = `the task is just being moved${holdingCpu === undefined ? '' : ` by CPU ${holdingCpu}`}`
  const says =
    at === 0n ? 'scx.dsq of its task_struct is NULL' : `scx.dsq of its task_struct is ${hexAddress(at)}`
  const items = holding.map((queue): ContextItem => {
    const position = positionIn(queue, address)
    const place = `it is number ${(position ?? 0) + 1} of the ${queue.tasks.seen.length} there`
    const how = queue.address === at ? `${says}, and ${place}` : `${place}, though ${says}: ${moved}`
    return { ...none, kind: 'dsq', address: queue.address, how, queue: stated(queue), position }
  })
  if (at === 0n || holding.some((queue) => queue.address === at)) return items
  const queue = queues.find((each) => each.address === at)
  if (queue === undefined) {
    const why = 'the task is on it, and it is among no queues that could be read'
    problems.add(`DSQ at ${hexAddress(at)}`, why)
    return [{ ...none, kind: 'dsq', address: at, how: says }, ...items]
  }
  const lacks = queue.tasks.isWhole
    ? `whose list does not have it: ${moved}`
    : 'whose list could not be read whole'
  const how = `${says}, ${lacks}`
  return [{ ...none, kind: 'dsq', address: at, how, queue: stated(queue), position: undefined }, ...items]
}

function positionIn(queue: QueueFacts, address: bigint): number | undefined {
  return queue.tasks.seen.find((task) => task.address === address)?.position
}
