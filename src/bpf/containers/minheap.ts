import type { StructType } from '../../btf/types.js'
import type { Kernel } from '../../kernel/kernel.js'
import { counted, type Problems } from '../../problems.js'
import type { ArenaReader } from '../arena/reader.js'
import {
  type ContainerReader,
  follow,
  hasMembers,
  hex,
  listedAtMost,
  memberValue,
  objectNamed,
  pointee,
  readerAt,
  userAddress,
} from './reading.js'

const pageSize = 4096

/** An element of a heap, in the order in which the heap gives its elements up. */
export interface HeapElement {
  /** In the kernel. */
  readonly address: bigint
  /** Its place in the heap's array. */
  readonly slot: number
  readonly word: bigint
  readonly weight: bigint
}

export interface HeapWalk {
  readonly type: StructType | undefined
  readonly elements: readonly HeapElement[]
  /** What it says that it holds; undefined where that cannot be read. */
  readonly size: bigint | undefined
  readonly capacity: bigint | undefined
  readonly lost: Problems
}

/** struct scx_minheap of lib/minheap.h: its elements in the order in which it gives them up. */
export const minheapReader: ContainerReader = {
  kind: 'minheap',
  structs: ['scx_minheap'],
  fits: isHeap,
  read({ kernel, arena, type, address }, problems) {
    const walk = walkHeap(kernel, arena, type, address, problems)
    const entries = walk.elements.map(({ address: at, slot, word, weight }, index) => ({
      index,
      key: weight,
      depth: 0,
      address: userAddress(arena, at),
      get value() {
        return memberValue(arena, walk.type as StructType, at, 'elem')
      },
      get object() {
        return objectNamed(arena, word)
      },
      details: { slot },
    }))
    return { entries, count: counted(entries.length, walk.lost), state: { capacity: walk.capacity } }
  },
}

export function isHeap(type: StructType): boolean {
  return hasMembers(type, { size: 'integer', capacity: 'integer', helems: 'pointer' })
}

/** The elements of a struct scx_minheap in the order in which it gives them up; problems call it by `name`. */
export function walkHeap(
  kernel: Kernel,
  arena: ArenaReader,
  type: StructType,
  address: bigint,
  problems: Problems,
  name = 'heap',
): HeapWalk {
  const lost = problems.part()
  const slotName = name === 'heap' ? 'slot' : `${name}, slot`
  const element = pointee(arena, type, 'helems')
  const head = lost.attempt(name, () => {
    const reader = readerAt(kernel, type, address)
    return {
      size: reader.unsigned('size'),
      capacity: reader.unsigned('capacity'),
      first: reader.pointer('helems'),
    }
  })
  const nothing = { type: element, elements: [], size: head?.size, capacity: head?.capacity, lost }
  if (head === undefined || head.size === 0n) return nothing
  if (element === undefined || !hasMembers(element, { elem: 'integer', weight: 'integer' })) {
    lost.add(name, 'its elements are of a type that is not known to the programs here, or of another layout')
    return nothing
  }
  if (head.size > head.capacity)
    lost.add(name, `it says that it holds ${head.size}, of at most ${head.capacity}`)
  const start = follow(arena, head.first)
  if (start === undefined || start === null) {
    lost.add(name, `its array at ${hex(head.first)} is ${start === null ? 'null' : 'outside the arena'}`)
    return nothing
  }
  // A size beyond the capacity is broken: what lies behind the array is no element.
  const claimed = head.size < head.capacity ? head.size : head.capacity
  const count = Number(claimed < BigInt(listedAtMost) ? claimed : BigInt(listedAtMost))
  if (BigInt(count) < claimed) lost.add(name, `only the first ${count} of its array are listed`)
  const read = new Array<HeapElement | undefined>(count).fill(undefined)
  for (let slot = 0; slot < count; slot++) {
    const at = start + BigInt(slot * element.size)
    const one = lost.attempt(`${slotName} ${slot}`, () => {
      const reader = readerAt(kernel, element, at)
      const word = reader.unsigned('elem')
      return { address: at, slot, word, weight: reader.unsigned('weight') }
    })
    if (one === undefined) {
      // The rest of a page that is not there would say the same.
      slot += Math.floor((pageSize - 1 - Number(at % BigInt(pageSize))) / element.size)
      continue
    }
    read[slot] = one
    const above = slot === 0 ? undefined : read[(slot - 1) >> 1]
    if (above !== undefined && above.weight > one.weight)
      problems.add(
        `${slotName} ${slot}`,
        `its weight ${one.weight} is below that of its parent, ${above.weight}`,
      )
  }
  return { type: element, elements: inPopOrder(read), size: head.size, capacity: head.capacity, lost }
}

/** Elements in the order in which a binary heap gives them up; where some are missing, by weight. */
function inPopOrder(read: readonly (HeapElement | undefined)[]): HeapElement[] {
  const known = read.filter((one) => one !== undefined)
  if (known.length < read.length)
    return known.toSorted((a, b) => (a.weight < b.weight ? -1 : a.weight > b.weight ? 1 : a.slot - b.slot))
  const heap = [...known]
  const order: HeapElement[] = []
  for (let size = heap.length; size > 0; size--) {
    order.push(heap[0] as HeapElement)
    heap[0] = heap[size - 1] as HeapElement
    sink(heap, size - 1)
  }
  return order
}

/** Lets the first element sink to where it belongs, as the library does: to the lighter child, the left one of two alike. */
function sink(heap: HeapElement[], size: number): void {
  for (let at = 0; ; ) {
    let lightest = at
    for (const child of [2 * at + 1, 2 * at + 2]) {
      if (child < size && (heap[child] as HeapElement).weight < (heap[lightest] as HeapElement).weight)
        lightest = child
    }
    if (lightest === at) return
    const moved = heap[at] as HeapElement
    heap[at] = heap[lightest] as HeapElement
    heap[lightest] = moved
    at = lightest
  }
}
