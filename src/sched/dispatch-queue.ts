import { memberAt, strip } from '../btf/layout.js'
import type { StructType } from '../btf/types.js'
import { Found, type Stated } from '../found.js'
import { isHeld } from '../kernel/spinlock.js'
import { asFarAsRead, type Layout } from '../kernel/struct-reader.js'
import { entries, listNodes } from '../kernel/walk/list.js'
import { rbtreeNodes } from '../kernel/walk/rbtree.js'
import type { Problems } from '../problems.js'
import { gather, hex, type SchedContext } from './context.js'
import { enumValue } from './flags.js'
import { readTaskName } from './task-name.js'

/** A task on a dispatch queue. */
export interface QueuedTask {
  readonly address: bigint
  readonly pid: number
  readonly name: string
  /** Since it became runnable; undefined where the kernel's stamp or HZ cannot be read. */
  readonly waitingMs: number | undefined
  /** Nanoseconds. */
  readonly slice: bigint
  /** Ordered by virtual time: it also hangs in the queue's priority tree. */
  readonly onPriorityTree: boolean
  readonly virtualTime: bigint
  /** How many are before it; undefined where entries before it could not be read. */
  readonly position: number | undefined
}

/** A dispatch queue (struct scx_dispatch_q, kernel/sched/ext.c), with word of what was missed. */
export interface QueueFacts {
  readonly address: bigint
  readonly id: bigint
  /** "local of CPU 1", "global of node 0", "0x77"; where there are several schedulers with the owner: "0x77 of scx_qmap". */
  readonly name: string
  /** Where it was found: user, global, local, bypass, or what the kernel's member is called. */
  readonly kind: string
  readonly cpu: number | undefined
  readonly node: number | undefined
  /** Address of the scx_sched that it belongs to; undefined for those of a CPU. */
  readonly scheduler: bigint | undefined
  /** What that scheduler is called, where there are several: with its cgroup where that is needed to tell it from another. */
  readonly owner: string | undefined
  /** What the kernel counted. */
  readonly depth: number
  /** Its lock is held: the guest stopped while it was being changed, and list, tree and count may differ. */
  readonly changing: boolean
  /** Grows with every task that is put in. */
  readonly sequence: number
  /** In the order in which they leave. */
  readonly tasks: Found<QueuedTask>
  /** Places that iterators hold in the list; undefined where some of it could not be read. */
  readonly cursors: number | undefined
}

export type DispatchQueue = Stated<QueueFacts>

export interface QueuePlace {
  readonly address: bigint
  /** Address of the rq that it is part of: its lock guards the local queue. */
  readonly runqueue?: bigint
  readonly kind: string
  readonly cpu?: number
  readonly node?: number
  readonly scheduler?: bigint
  readonly owner?: string | undefined
}

/**
 * Reads queues. A task is on one queue at a time, so all queues of one answer share what was seen: lists that run into
 * each other end there.
 */
export class QueueReader {
  readonly #context: SchedContext
  readonly #seen = new Set<bigint>()
  readonly #seenInTrees = new Set<bigint>()
  readonly #entity: EntityPlaces | undefined

  constructor(context: SchedContext) {
    this.#context = context
    this.#entity = entityPlaces(context)
  }

  /** Undefined where it cannot be read, which is said to `lost`; what is wrong with one that can be is said to `odd`. */
  read(
    place: QueuePlace,
    { lost, odd: problems }: { lost: Problems; odd: Problems },
  ): QueueFacts | undefined {
    const { kernel } = this.#context
    return lost.attempt(`DSQ at ${hex(place.address)}`, () => {
      const queue = kernel.struct('scx_dispatch_q', place.address)
      const id = queue.integer('id')
      const name = queueName(place, id)
      const { tasks, cursors } = this.#walk(`DSQ ${name}`, queue.at('list'), problems)
      const depth = queue.number('nr')
      const changing = isHeld(queue, 'lock') || this.#isRunqueueHeld(place)
      const says = (why: string): void => problems.add(`DSQ ${name}`, changing ? `${why}; ${midChange}` : why)
      if (tasks.seen.length !== depth) says(`it counts ${depth} tasks, its list holds ${tasks.seen.length}`)
      this.#checkTree(name, queue.at('priq'), tasks.seen, says, problems)
      return {
        address: place.address,
        id,
        name,
        kind: place.kind,
        cpu: place.cpu,
        node: place.node,
        scheduler: place.scheduler,
        owner: place.owner,
        depth,
        changing,
        sequence: queue.number('seq'),
        tasks: tasks.map(({ task }) => task),
        cursors: tasks.isWhole ? cursors : undefined,
      }
    })
  }

  #isRunqueueHeld({ runqueue }: QueuePlace): boolean {
    return runqueue !== undefined && isHeld(this.#context.kernel.struct('rq', runqueue), ...runqueueLocks)
  }

  /** Tasks of any list that runs through sched_ext_entity.dsq_list. */
  listed(where: string, head: bigint): Found<QueuedTask> {
    return this.#walk(where, head, this.#context.problems).tasks.map(({ task }) => task)
  }

  #walk(where: string, head: bigint, problems: Problems): { tasks: Found<Entry>; cursors: number } {
    const places = this.#entity
    let cursors = 0
    if (places === undefined) {
      const why = asFarAsRead(this.#context.kernel.types, 'the kernel has no lists that are known here')
      return { tasks: Found.some([], why), cursors }
    }
    const tasks = Found.by(problems, (part) => {
      const found: Entry[] = []
      let position: number | undefined = 0
      for (const node of this.#fresh(
        listNodes(this.#context.kernel, head, part, where),
        this.#seen,
        where,
        part,
      )) {
        // Behind a break the list is taken up from its end: how many were before is not known.
        if (!part.none) position = undefined
        const entry = part.attempt(`${where}, entry at ${hex(node)}`, () =>
          this.#entry(node, position, places),
        )
        if (entry === 'cursor') cursors++
        else if (entry === undefined) position = undefined
        else {
          found.push(entry)
          if (position !== undefined) position++
        }
      }
      return found
    })
    return { tasks, cursors }
  }

  *#fresh(nodes: Iterable<bigint>, seen: Set<bigint>, where: string, problems: Problems): Generator<bigint> {
    for (const node of nodes) {
      if (seen.has(node)) {
        problems.add(where, `it runs into another queue's at ${hex(node)}`)
        return
      }
      seen.add(node)
      yield node
    }
  }

  #entry(node: bigint, position: number | undefined, places: EntityPlaces): Entry | 'cursor' {
    const link = this.#context.kernel.struct('scx_dsq_list_node', node - BigInt(places.inLink))
    if ((link.integer('flags') & places.cursorFlag) !== 0n) return 'cursor'
    const entity = node - BigInt(places.listNode)
    return { task: { ...this.#task(entity - BigInt(places.inTask), entity, places), position }, entity }
  }

  #task(address: bigint, at: bigint, places: EntityPlaces): Omit<QueuedTask, 'position'> {
    const { kernel, jiffies } = this.#context
    const entity = kernel.struct('sched_ext_entity', at)
    const stamp = entity.integer('runnable_at')
    return {
      address,
      ...readTaskName(kernel, address),
      waitingMs: stamp === 0n ? undefined : jiffies?.millisecondsSince(stamp),
      slice: entity.integer('slice'),
      onPriorityTree: (entity.integer('dsq_flags') & places.priorityFlag) !== 0n,
      virtualTime: entity.integer('dsq_vtime'),
    }
  }

  /** Tasks ordered by virtual time stand in the list and in the tree, in the same order. */
  #checkTree(
    name: string,
    root: bigint,
    tasks: readonly Entry[],
    says: (why: string) => void,
    problems: Problems,
  ): void {
    const { kernel } = this.#context
    const offset = kernel.layouts.get('sched_ext_entity').offset('dsq_priq')
    const where = `DSQ ${name}, priority tree`
    const inTree = gather({ ...this.#context, problems }, where, (sink) =>
      entries(this.#fresh(rbtreeNodes(kernel, root, sink, where), this.#seenInTrees, where, sink), offset),
    )
    const inList = tasks.filter(({ task }) => task.onPriorityTree).map(({ entity }) => entity)
    const differs = inTree.length !== inList.length || inTree.some((entity, i) => entity !== inList[i])
    if (differs) {
      says(
        `its list has ${inList.length} tasks ordered by virtual time, its tree ${inTree.length}, or in another order`,
      )
    }
  }
}

interface Entry {
  readonly task: QueuedTask
  readonly entity: bigint
}

/** What is said of a queue that does not agree with itself while somebody holds its lock. */
export const midChange = 'its lock is held: the guest stopped in the middle of a change'

/** What struct rq calls its lock. */
export const runqueueLocks = ['__lock', 'lock'] as const

interface EntityPlaces {
  /** Of the list's node in scx_dsq_list_node and in sched_ext_entity, and of that in task_struct. */
  readonly inLink: number
  readonly listNode: number
  readonly inTask: number
  readonly cursorFlag: bigint
  readonly priorityFlag: bigint
}

function entityPlaces({ kernel, absences }: SchedContext): EntityPlaces | undefined {
  const task = kernel.layouts.find('task_struct')?.find('scx')
  const node = kernel.layouts.find('sched_ext_entity')?.find('dsq_list.node')
  const link = kernel.layouts.find('scx_dsq_list_node')?.find('node')
  if (task === undefined || node === undefined || link === undefined) {
    return absences.lacks(
      'DSQ tasks',
      'task_struct.scx, sched_ext_entity.dsq_list or its node is missing in BTF',
    )
  }
  return {
    inLink: link.offset,
    listNode: node.offset,
    inTask: task.offset,
    // Older kernels tell cursors by the entity's own flags and have no such node flag.
    cursorFlag: enumValue(kernel, 'scx_dsq_lnode_flags', 'SCX_DSQ_LNODE_ITER_CURSOR') ?? 1n,
    priorityFlag: enumValue(kernel, 'scx_ent_dsq_flags', 'SCX_TASK_DSQ_ON_PRIQ') ?? 1n,
  }
}

/** Every struct scx_dispatch_q inside a struct, one level of structs deep: what it is called, and where. */
export function queueMembers(layout: Layout): { kind: string; offset: number }[] {
  const found: { kind: string; offset: number }[] = []
  for (const member of layout.type.members) {
    const type = strip(member.type)
    if (type.kind !== 'struct') continue
    if (type.name === 'scx_dispatch_q') found.push({ kind: kindOf(member.name), offset: member.offset })
    else found.push(...nested(type, member.name, member.offset))
  }
  return found
}

function nested(type: StructType, name: string, offset: number): { kind: string; offset: number }[] {
  const place = memberAt(type, 'dsq')
  if (place === undefined) return []
  const inner = strip(place.type)
  const isQueue = inner.kind === 'struct' && inner.name === 'scx_dispatch_q'
  return isQueue ? [{ kind: kindOf(name), offset: offset + place.offset }] : []
}

function kindOf(member: string): string {
  return member.replace(/_?dsq$/, '') || member
}

function queueName({ kind, cpu, node, owner }: QueuePlace, id: bigint): string {
  const of = owner === undefined ? '' : ` of ${owner}`
  if (cpu !== undefined) return `${kind} of CPU ${cpu}${of}`
  if (node !== undefined) return `${kind} of node ${node}${of}`
  return `${hex(id)}${of}`
}
