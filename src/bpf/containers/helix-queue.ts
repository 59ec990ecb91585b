import type { StructType } from '../../btf/types.js'
import { counted, Problems } from '../../problems.js'
import { type HeapElement, isHeap, walkHeap } from './minheap.js'
import {
  type ContainerEntry,
  type ContainerReader,
  follow,
  hasMembers,
  hex,
  objectNamed,
  pointee,
  readerAt,
  type Subject,
  userAddress,
} from './reading.js'
import { taskOf } from './task-queue.js'

/** SCX_DHQ_INF_CAPACITY, SCX_DHQ_MODE_* and SCX_DHQ_STRAND_* of lib/dhq.h: macros, so that BTF has no names for them. */
const unlimited = 2n ** 64n - 1n
const modes = ['alternating', 'priority', 'balanced'] as const
const strands = ['a', 'b'] as const

type Strand = (typeof strands)[number]

/** struct scx_dhq of lib/dhq.h: two heaps, and tasks in the order in which its mode dequeues them from both. */
export const helixQueueReader: ContainerReader = {
  kind: 'dhq',
  structs: ['scx_dhq'],
  fits: (type) =>
    hasMembers(type, { strand_a: 'pointer', strand_b: 'pointer', mode: 'integer', last_strand: 'integer' }),
  parts(subject, problems) {
    return strands.flatMap((strand) => heapOf(subject, strand, problems)?.address ?? [])
  },
  read(subject, problems) {
    const { kernel, arena, type, address } = subject
    const lost = new Problems()
    const head = problems.attempt('queue', () => {
      const reader = readerAt(kernel, type, address)
      const number = (member: string): bigint | undefined =>
        reader.has(member) ? reader.unsigned(member) : undefined
      const capacity = number('capacity')
      const imbalance = number('max_imbalance')
      return {
        mode: modes[reader.number('mode')] ?? reader.number('mode'),
        order: number('fifo') === 0n ? 'vtime' : 'fifo',
        lastStrand: strands[reader.number('last_strand')] ?? reader.number('last_strand'),
        capacity: capacity === unlimited ? 'unlimited' : capacity,
        maxImbalance: imbalance === 0n ? 'unlimited' : imbalance,
        size: { a: number('size_a'), b: number('size_b') },
        dequeued: { a: number('dequeue_count_a'), b: number('dequeue_count_b') },
      }
    })
    const walks = strands.map((strand) => {
      const heap = heapOf(subject, strand, problems)
      if (heap === undefined) lost.add(`strand ${strand}`, 'it cannot be found')
      if (heap === undefined) return { type: undefined, elements: [] }
      const walk = walkHeap(kernel, arena, heap.type, heap.address, problems, `strand ${strand}`)
      lost.addAll(walk.lost.list)
      const size = head?.size[strand]
      if (size !== undefined && walk.size !== undefined && size !== walk.size)
        problems.add(`strand ${strand}`, `the queue counts ${size} tasks in it, its heap ${walk.size}`)
      return { type: walk.type, elements: walk.elements }
    })
    const [a = [], b = []] = walks.map(({ elements }) => elements)
    const order = dequeued(a, b, head?.mode, head?.lastStrand)
    const entries = order.map(({ strand, element }, index): ContainerEntry => {
      const { address: at, slot, word, weight } = element
      const elementType = walks[strands.indexOf(strand)]?.type as StructType
      return {
        index,
        key: weight,
        depth: 0,
        address: userAddress(arena, at),
        get value() {
          return taskOf(arena, elementType, at, 'elem', word)
        },
        get object() {
          return objectNamed(arena, word)
        },
        details: { strand, slot },
      }
    })
    return { entries, count: counted(entries.length, lost), state: { ...head } }
  },
}

function heapOf(
  { kernel, arena, type, address }: Subject,
  strand: Strand,
  problems: Problems,
): { readonly type: StructType; readonly address: bigint } | undefined {
  const member = `strand_${strand}`
  const heap = pointee(arena, type, member)
  const pointer = problems.attempt(member, () => readerAt(kernel, type, address).pointer(member))
  if (pointer === undefined) return undefined
  const at = follow(arena, pointer)
  if (at === undefined || at === null)
    problems.add(member, at === null ? 'the queue has none' : `${hex(pointer)} is outside the arena`)
  else if (heap === undefined || !isHeap(heap))
    problems.add(member, 'it is of a type that is not known to the programs here, or of another layout')
  else return { type: heap, address: at }
  return undefined
}

interface Dequeued {
  readonly strand: Strand
  readonly element: HeapElement
}

/** Both strands in the order in which a queue of that mode is emptied; one after the other where the mode is not known. */
function dequeued(
  a: readonly HeapElement[],
  b: readonly HeapElement[],
  mode: string | number | undefined,
  last: string | number | undefined,
): Dequeued[] {
  const order: Dequeued[] = []
  let before = last
  for (let i = 0, j = 0; i < a.length || j < b.length; ) {
    const first = a[i]
    const second = b[j]
    const isA =
      second === undefined || (first !== undefined && takesA(first, second, a.length - i, b.length - j))
    before = isA ? 'a' : 'b'
    if (isA) order.push({ strand: 'a', element: a[i++] as HeapElement })
    else order.push({ strand: 'b', element: b[j++] as HeapElement })
  }
  return order

  function takesA(first: HeapElement, second: HeapElement, left: number, right: number): boolean {
    switch (mode) {
      case 'alternating':
        return before !== 'a'
      case 'priority':
        return first.weight <= second.weight
      case 'balanced':
        return left >= right
      default:
        return true
    }
  }
}
