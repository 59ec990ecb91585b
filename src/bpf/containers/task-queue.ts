import { syntheticPointer } from '../../btf/inflate.js'
import { memberAt, strip } from '../../btf/layout.js'
import type { StructType } from '../../btf/types.js'
import type { Detail, Details } from '../../contract/details.js'
import { counted, type Problems } from '../../problems.js'
import type { Value } from '../../value/types.js'
import type { ArenaReader } from '../arena/reader.js'
import { isHeap, walkHeap } from './minheap.js'
import { isTree, walkTree } from './rbtree.js'
import {
  type ContainerEntry,
  type ContainerReader,
  type ContainerReading,
  follow,
  hasMembers,
  hex,
  memberValue,
  objectNamed,
  pointee,
  pointerValue,
  readerAt,
  type Subject,
  userAddress,
} from './reading.js'

/** SCX_ATQ_INF_CAPACITY of lib/atq.h. */
const unlimited = 2n ** 64n - 1n

/**
 * struct scx_atq of lib/atq.h: tasks in the order in which they are popped. They hang in a tree by the nodes that their contexts
 * begin with; its first release kept them in a heap.
 */
export const taskQueueReader: ContainerReader = {
  kind: 'atq',
  structs: ['scx_atq'],
  fits: (type) =>
    hasMembers(type, { fifo: 'integer', seq: 'integer' }) &&
    (hasMembers(type, { tree: 'pointer' }) || hasMembers(type, { heap: 'pointer' })),
  parts(subject, problems) {
    const store = storeOf(subject, problems)
    return store === undefined ? [] : [store.address]
  },
  read(subject, problems) {
    const { kernel, type, address } = subject
    const lost = problems.part()
    const store = storeOf(subject, lost)
    const head = problems.attempt('queue', () => {
      const reader = readerAt(kernel, type, address)
      const number = (member: string): bigint | undefined =>
        reader.has(member) ? reader.unsigned(member) : undefined
      const capacity = number('capacity')
      return {
        order: reader.integer('fifo') === 0n ? 'vtime' : 'fifo',
        size: number('size'),
        seq: number('seq'),
        capacity: capacity === unlimited ? 'unlimited' : capacity,
      }
    })
    if (store === undefined) return { entries: [], count: counted(0, lost), state: { ...head } }
    const read = isTree(store.type) ? ofTree : ofHeap
    const reading = read(subject, store, problems)
    const { size } = head ?? {}
    if (size !== undefined && reading.count.whole && BigInt(reading.count.value) !== size)
      problems.add('queue', `it counts ${size} tasks, and ${reading.count.value} are in it`)
    return { ...reading, state: { ...head } }
  },
}

interface Store {
  readonly type: StructType
  readonly address: bigint
}

/** What the tasks hang in. */
function storeOf({ kernel, arena, type, address }: Subject, problems: Problems): Store | undefined {
  const member = type.member('tree') === undefined ? 'heap' : 'tree'
  const store = pointee(arena, type, member)
  const pointer = problems.attempt(member, () => readerAt(kernel, type, address).pointer(member))
  if (pointer === undefined) return undefined
  const at = follow(arena, pointer)
  if (at === undefined || at === null)
    problems.add(member, at === null ? 'the queue has none' : `${hex(pointer)} is outside the arena`)
  else if (store === undefined || !(isTree(store) || isHeap(store)))
    problems.add(member, 'it is of a type that is not known to the programs here, or of another layout')
  else return { type: store, address: at }
  return undefined
}

function ofTree(subject: Subject, store: Store, problems: Problems): ContainerReading {
  const { kernel, arena } = subject
  const walk = walkTree({ ...subject, ...store }, problems)
  const common = commonOf(arena)
  const queue = userAddress(arena, subject.address)
  const entries = walk.nodes.map(({ address, key, word, isRed, depth }, index): ContainerEntry => {
    const details: Record<string, Detail> = { isRed }
    if (common !== undefined) {
      const start = address - BigInt(common.node)
      const where = `task at ${hex(userAddress(arena, start))}`
      problems.attempt(where, () => {
        const reader = readerAt(kernel, common.type, start)
        const link = reader.pointer('atq')
        if (follow(arena, link) !== subject.address)
          problems.add(
            where,
            `it is in the queue at ${hex(queue)}, and says that it is in ${link === 0n ? 'none' : hex(link)}`,
          )
        const state = reader.layout.find('state')
        const states = state === undefined ? undefined : strip(state.type)
        if (states?.kind === 'enum')
          details.state = states.nameOf(reader.integer('state')) ?? reader.integer('state')
      })
    }
    return {
      index,
      key,
      depth,
      address: userAddress(arena, address),
      get value(): Value {
        const node = walk.type as StructType
        const task =
          taskType(arena, word) ??
          (common !== undefined && follow(arena, word) === address - BigInt(common.node)
            ? common.type
            : undefined)
        const typed = task && pointerValue(arena, node, address, 'value', syntheticPointer(task))
        return typed ?? memberValue(arena, node, address, 'value')
      },
      get object() {
        return objectNamed(arena, word)
      },
      details: details as Details,
    }
  })
  return { entries, count: counted(entries.length, walk.lost), state: {} }
}

function ofHeap({ kernel, arena }: Subject, store: Store, problems: Problems): ContainerReading {
  const walk = walkHeap(kernel, arena, store.type, store.address, problems)
  const entries = walk.elements.map(({ address, slot, word, weight }, index) => ({
    index,
    key: weight,
    depth: 0,
    address: userAddress(arena, address),
    get value() {
      return taskOf(arena, walk.type as StructType, address, 'elem', word)
    },
    get object() {
      return objectNamed(arena, word)
    },
    details: { slot },
  }))
  return { entries, count: counted(entries.length, walk.lost), state: {} }
}

/** A word that the library keeps as the pointer to a task's context: typed where it leads to the start of one that is known. */
export function taskOf(
  arena: ArenaReader,
  type: StructType,
  address: bigint,
  member: string,
  word: bigint,
): Value {
  const task = taskType(arena, word)
  const typed = task && pointerValue(arena, type, address, member, syntheticPointer(task))
  return typed ?? memberValue(arena, type, address, member)
}

/** What begins at the address that a word is, where an allocator knows. */
function taskType(arena: ArenaReader, word: bigint): StructType | undefined {
  const at = arena.window.formOf(word) === 'user' ? follow(arena, word) : undefined
  const object = at === undefined || at === null ? undefined : arena.context.objectAt?.(at)
  const type = object === undefined || object.address !== at ? undefined : strip(object.type)
  return type?.kind === 'struct' ? type : undefined
}

/** struct scx_task_common, which a task's context begins with, and where its node is. */
function commonOf(arena: ArenaReader): { readonly type: StructType; readonly node: number } | undefined {
  for (const types of arena.types) {
    const type = types.findStruct('scx_task_common')
    if (type === undefined || !hasMembers(type, { node: 'struct', atq: 'pointer' })) continue
    return { type, node: memberAt(type, 'node')?.offset ?? 0 }
  }
  return undefined
}
