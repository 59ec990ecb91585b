import { memberAt, sizeOf } from '../../btf/layout.js'
import type { StructType } from '../../btf/types.js'
import { counted, figureJson, type Problems } from '../../problems.js'
import type { ArenaReader } from '../arena/reader.js'
import {
  type AllocatorReader,
  type AllocatorVariable,
  hex,
  placeIn,
  pointerAt,
  type Reading,
  type Region,
  viewOf,
} from './reading.js'
import { Slots } from './slots.js'

const levels = 3
/** An element has at least its header and one word; none is larger than an arena. */
const smallestElement = 16
const largestElement = 2 ** 32
const pageSize = 4096

/**
 * sdt_alloc of the sched_ext library (lib/sdt_alloc.bpf.c): descriptors with a bitmap and a chunk of pointers, three levels
 * deep. On the leaf level a bit means that the element is handed out. On the inner levels it means that the whole child
 * is full: a child in part use has its bit clear, so that the pointers are what is followed.
 */
export const radixTreeReader: AllocatorReader = {
  kind: 'sdt',
  structs: ['scx_allocator'],
  read(arena, variable, problems) {
    const { reader } = variable
    const elementSize = Number(reader.integer('pool.elem_size'))
    const maxElements = reader.number('pool.max_elems')
    const taken = reader.number('pool.idx')
    const slab = placeIn(arena, variable, 'pool.slab')
    const root = placeIn(arena, variable, 'root')
    const data = variable.types.findStruct('sdt_data')
    const headerSize = data === undefined ? 8 : data.size
    const slots = new Slots(problems)
    const regions: Region[] = []
    const walk = new TreeWalk(arena, variable, elementSize, slots, regions, problems)
    if (slab >= 0 && elementSize > 0) {
      const length = Math.min(maxElements * elementSize, arena.window.length)
      regions.push({ name: 'pool', place: slab, length, used: undefined })
      if (taken > maxElements)
        problems.add('pool', `${taken} of ${maxElements} elements are taken, which cannot be`)
    }
    if (root === -2) slots.lost.add('root', `${hex(reader.pointer('root'))} leads out of the arena`)
    else if (root >= 0) walk.run(root)
    return {
      slots,
      elementSize: elementSize >= smallestElement && elementSize < largestElement ? elementSize : undefined,
      headerSize,
      regions,
      state: {
        elementSize,
        initialized: root !== -1,
        poolElements: maxElements,
        poolTaken: taken,
        descriptors: figureJson(counted(walk.descriptors, slots.lost)),
        skippedSubtrees: walk.skipped,
      },
    } satisfies Reading
  },
}

interface DescriptorLayout {
  readonly size: number
  readonly allocated: number
  readonly entries: number
  readonly nrFree: number
  readonly chunk: number
}

class TreeWalk {
  descriptors = 0
  skipped = 0
  readonly #arena: ArenaReader
  readonly #variable: AllocatorVariable
  readonly #elementSize: number
  readonly #slots: Slots
  readonly #regions: Region[]
  readonly #problems: Problems
  readonly #seenDescriptors = new Set<number>()
  readonly #seenChunks = new Set<number>()
  readonly #elements = new Map<number, number>()
  #layout: DescriptorLayout = { size: 0, allocated: 0, entries: 0, nrFree: 0, chunk: 0 }
  #chunkLimit = 0

  constructor(
    arena: ArenaReader,
    variable: AllocatorVariable,
    elementSize: number,
    slots: Slots,
    regions: Region[],
    problems: Problems,
  ) {
    this.#arena = arena
    this.#variable = variable
    this.#elementSize = elementSize
    this.#slots = slots
    this.#regions = regions
    this.#problems = problems
  }

  run(root: number): void {
    if (!(this.#elementSize >= smallestElement && this.#elementSize < largestElement)) {
      this.#slots.lost.add(
        'pool',
        `elements of ${this.#elementSize} bytes cannot be; the tree was not walked`,
      )
      return
    }
    const layout = descriptorLayout(this.#variable.types.findStruct('sdt_desc'))
    if (layout === undefined) {
      this.#slots.lost.add('tree', 'the BTF of the program does not say how struct sdt_desc is laid out')
      return
    }
    this.#layout = layout
    // Chunks do not overlap: there are no more of them than fit the arena's memory.
    this.#chunkLimit = Math.ceil((this.#arena.pages.length * pageSize) / (layout.entries * 8)) + 1
    this.#descriptor(root, 0, 0)
  }

  /** One descriptor with all below it. Gives whether it says that it is full; undefined when it cannot be read. */
  #descriptor(place: number, level: number, prefix: number): boolean | undefined {
    const { size, allocated, entries, nrFree, chunk } = this.#layout
    const where = `descriptor ${this.#hex(place)} on level ${level}`
    const problems = this.#problems
    const skip = (why: string): undefined => {
      this.skipped++
      this.#slots.lost.add(where, why)
    }
    if (this.#seenDescriptors.has(place))
      return skip('it hangs in the tree twice; the second time was left out')
    this.#seenDescriptors.add(place)
    if (this.#seenDescriptors.size > this.#chunkLimit) {
      return skip('there are more descriptors than the arena has memory for')
    }
    const bytes = this.#arena.window.bytes(place, size)
    if (bytes === undefined) return skip(this.#arena.window.reason(place, size))
    const view = viewOf(bytes)
    const free = view.getUint32(nrFree, true)
    if (free > entries || view.getUint32(nrFree + 4, true) !== 0) {
      return skip(`nr_free is ${view.getBigUint64(nrFree, true)} of ${entries}`)
    }
    const chunkPlace = pointerAt(this.#arena, view, chunk)
    if (chunkPlace < 0) return skip(chunkPlace === -1 ? 'it has no chunk' : 'its chunk is outside the arena')
    if (this.#seenChunks.has(chunkPlace)) return skip(`its chunk ${this.#hex(chunkPlace)} is another's too`)
    this.#seenChunks.add(chunkPlace)
    const pointers = this.#arena.window.bytes(chunkPlace, entries * 8)
    if (pointers === undefined)
      return skip(`its chunk: ${this.#arena.window.reason(chunkPlace, entries * 8)}`)

    this.descriptors++
    this.#regions.push({ name: `level ${level} descriptor`, place, length: size, used: undefined })
    this.#regions.push({
      name: `level ${level} chunk`,
      place: chunkPlace,
      length: entries * 8,
      used: undefined,
    })
    // Copies: memory that changes under the walk would make bits and pointers disagree.
    const bits = bytes.slice(allocated, allocated + entries / 8)
    const table = viewOf(pointers)
    const clear = entries - bitsIn(bits)
    if (clear !== free) problems.add(where, `nr_free is ${free}, but ${clear} bits are clear`)
    if (level === levels - 1) this.#leaf(where, bits, table, prefix)
    else this.#inner(where, level, bits, table, prefix)
    return free === 0
  }

  #inner(where: string, level: number, bits: Uint8Array, table: DataView, prefix: number): void {
    const { entries } = this.#layout
    for (let position = 0; position < entries; position++) {
      const child = pointerAt(this.#arena, table, position * 8)
      const full = bitAt(bits, position)
      if (child === -1) {
        if (full) this.#problems.add(where, `bit ${position} says that the child is full, but there is none`)
        continue
      }
      if (child === -2) {
        this.skipped++
        this.#slots.lost.add(where, `child ${position} is outside the arena`)
        continue
      }
      const isFull = this.#descriptor(child, level + 1, (prefix + position) * entries)
      if (isFull !== undefined && isFull !== full) {
        this.#problems.add(
          where,
          `bit ${position} says ${full ? 'full' : 'not full'}, the child ${isFull ? 'is' : 'is not'}`,
        )
      }
    }
  }

  #leaf(where: string, bits: Uint8Array, table: DataView, prefix: number): void {
    const { entries } = this.#layout
    for (let position = 0; position < entries; position++) {
      const place = pointerAt(this.#arena, table, position * 8)
      const set = bitAt(bits, position)
      if (place === -1 && !set) continue
      const index = prefix + position
      if (place === -1) this.#slots.add(index, -1, this.#elementSize, 'in-flight')
      else if (place === -2) this.#slots.lost.add(where, `element ${index} is outside the arena`)
      else this.#element(index, place, set)
    }
  }

  #element(index: number, place: number, set: boolean): void {
    const header = this.#arena.window.bytes(place, 8)
    const problems = this.#problems
    if (header === undefined) {
      // Its bit tells whether it is handed out; whether it is being handed out just now only its header would.
      const sink = set ? this.#slots.lost : problems
      sink.add(`element ${index}`, this.#arena.window.reason(place, 8))
      this.#slots.add(index, place, this.#elementSize, set ? 'unreadable' : 'recycled', 'unknown')
      return
    }
    const twin = this.#elements.get(place)
    if (twin !== undefined) problems.add(`element ${index}`, `${this.#hex(place)} is element ${twin} too`)
    else this.#elements.set(place, index)
    const view = viewOf(header)
    const stored = view.getInt32(0, true)
    const generation = view.getInt32(4, true)
    if (!set) {
      if (stored !== 0) problems.add(`element ${index}`, `is free, but its tid says ${stored}`)
      this.#slots.add(index, place, this.#elementSize, 'recycled', generation)
    } else if (stored === index) this.#slots.add(index, place, this.#elementSize, 'live', generation)
    else {
      // The index is written last when an element is handed out, and cleared first when it is given back.
      if (stored !== 0) problems.add(`element ${index}`, `its tid says ${stored}`)
      this.#slots.add(index, place, this.#elementSize, stored === 0 ? 'in-flight' : 'torn', generation)
    }
  }

  #hex(place: number): string {
    return hex(this.#arena.window.userAddress(place))
  }
}

function descriptorLayout(type: StructType | undefined): DescriptorLayout | undefined {
  if (type === undefined) return undefined
  const allocated = memberAt(type, 'allocated')
  const nrFree = memberAt(type, 'nr_free')
  const chunk = memberAt(type, 'chunk')
  const bitmap = allocated === undefined ? undefined : sizeOf(allocated.type)
  if (allocated === undefined || nrFree === undefined || chunk === undefined) return undefined
  // 512 entries upstream; a power of two at any rate.
  if (bitmap === undefined || bitmap < 8 || bitmap > 512 || (bitmap & (bitmap - 1)) !== 0) return undefined
  const fits = [nrFree, chunk].every(({ offset }) => offset + 8 <= type.size)
  if (!fits || allocated.offset + bitmap > type.size) return undefined
  return {
    size: type.size,
    allocated: allocated.offset,
    entries: bitmap * 8,
    nrFree: nrFree.offset,
    chunk: chunk.offset,
  }
}

function bitAt(bits: Uint8Array, position: number): boolean {
  return (((bits[position >> 3] as number) >> (position & 7)) & 1) === 1
}

const bitCounts = Uint8Array.from({ length: 256 }, (_, byte) => {
  let count = 0
  for (let rest = byte; rest > 0; rest >>= 1) count += rest & 1
  return count
})

function bitsIn(bytes: Uint8Array): number {
  let count = 0
  for (const byte of bytes) count += bitCounts[byte] as number
  return count
}
