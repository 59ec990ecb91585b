import { memberAt, sizeOf } from '../../btf/layout.js'
import type { StructType } from '../../btf/types.js'
import { hexAddress } from '../../contract/json.js'
import { counted, type FigureJson, figureJson, type Problems } from '../../problems.js'
import type { ArenaReader } from '../arena/reader.js'
import { type AllocatorReader, hex, placeIn, pointerAt, type Region, viewOf } from './reading.js'
import { Slots } from './slots.js'

/** BUDDY_MIN_ALLOC_BYTES and BUDDY_HEADER_OFF in lib/alloc/buddy.h. */
const itemSize = 16
const headerAt = 8

/**
 * The buddy allocator (lib/alloc/buddy): chunks of 65536 items of 16 bytes, with a nibble of order and a bit for each. The
 * chunk's own tables lie at its start and count as handed out.
 */
export const buddyReader: AllocatorReader = {
  kind: 'buddy',
  structs: ['buddy', 'scx_buddy'],
  read(arena, variable, problems) {
    const { reader, types, struct } = variable
    const slots = new Slots(problems)
    const regions: Region[] = []
    const layout = chunkLayout(types.findStruct(`${struct}_chunk`))
    const seen = new Set<number>()
    if (layout === undefined) {
      slots.lost.add(
        'chunks',
        `struct ${struct}_chunk has no bits of what is handed out, as far as its BTF says`,
      )
    } else {
      const chunkBytes = layout.items * itemSize
      // Chunks do not overlap; a chain of more than the arena has room for runs through itself.
      const most = Math.max(1, Math.floor(arena.window.length / chunkBytes))
      for (let at = placeIn(arena, variable, 'first_chunk'); at !== -1; ) {
        if (at === -2 || seen.has(at) || at % chunkBytes !== 0 || seen.size >= most) {
          const why =
            at === -2 ? 'leads out of the arena' : seen.has(at) ? 'leads back' : 'is where no chunk can be'
          slots.lost.add('chunks', `link ${seen.size} ${why}`)
          break
        }
        seen.add(at)
        at = readChunk(arena, at, layout, slots, regions, problems)
      }
    }
    return {
      slots,
      elementSize: undefined,
      headerSize: 0,
      regions,
      state: {
        chunks: figureJson(counted(seen.size, slots.lost)),
        liveBytes: sumOf(slots, 'live'),
        freeBytes: sumOf(slots, 'free'),
        reservedAddress: reader.has('vaddr') ? hexAddress(reader.integer('vaddr')) : undefined,
      },
    }
  },
}

interface ChunkLayout {
  readonly size: number
  readonly orders: number
  readonly allocated: number
  readonly freelists: number
  readonly next: number
  readonly items: number
  readonly orderCount: number
}

function chunkLayout(type: StructType | undefined): ChunkLayout | undefined {
  if (type === undefined) return undefined
  const orders = memberAt(type, 'orders')
  const allocated = memberAt(type, 'allocated')
  const freelists = memberAt(type, 'freelists')
  const next = memberAt(type, 'next')
  if (orders === undefined || allocated === undefined || freelists === undefined || next === undefined)
    return undefined
  const items = (sizeOf(orders.type) ?? 0) * 2
  const orderCount = (sizeOf(freelists.type) ?? 0) / 8
  if (items < 16 || (items & (items - 1)) !== 0 || (sizeOf(allocated.type) ?? 0) * 8 < items) return undefined
  if (orderCount < 1 || orderCount > 64 || type.size > items * itemSize) return undefined
  const fits = [orders, allocated, freelists].every(
    (member) => member.offset + (sizeOf(member.type) ?? 0) <= type.size,
  )
  if (!fits || next.offset + 8 > type.size) return undefined
  return {
    size: type.size,
    orders: orders.offset,
    allocated: allocated.offset,
    freelists: freelists.offset,
    next: next.offset,
    items,
    orderCount,
  }
}

/** One chunk's blocks. Gives the place of the next chunk. */
function readChunk(
  arena: ArenaReader,
  chunk: number,
  layout: ChunkLayout,
  slots: Slots,
  regions: Region[],
  problems: Problems,
): number {
  const where = `chunk ${hex(arena.window.userAddress(chunk))}`
  const bytes = arena.window.bytes(chunk, layout.size)
  if (bytes === undefined) {
    slots.lost.add(where, arena.window.reason(chunk, layout.size))
    return -1
  }
  const table = bytes.slice()
  const view = viewOf(table)
  regions.push({ name: 'chunk tables', place: chunk, length: layout.size, used: undefined })
  const orderOf = (item: number): number => {
    const byte = table[layout.orders + (item >> 1)] as number
    return item % 2 === 0 ? byte >> 4 : byte & 15
  }
  const isAllocated = (item: number): boolean =>
    (((table[layout.allocated + (item >> 3)] as number) >> (item & 7)) & 1) === 1

  const base = (chunk / (layout.items * itemSize)) * layout.items
  const freeBlocks = new Map<number, number>()
  for (let item = 0; item < layout.items; ) {
    const order = orderOf(item)
    const step = 2 ** order
    if (order >= layout.orderCount || item + step > layout.items || item % step !== 0) {
      slots.lost.add(
        where,
        `item ${item} has order ${order}, which cannot be; the rest of the chunk is not known`,
      )
      break
    }
    const live = isAllocated(item)
    const reserved = live && item * itemSize < layout.size
    if (!live) freeBlocks.set(item, order)
    slots.add(
      base + item,
      chunk + item * itemSize,
      step * itemSize,
      reserved ? 'reserved' : live ? 'live' : 'free',
    )
    item += step
  }
  checkFreeLists(arena, chunk, layout, view, freeBlocks, where, problems)
  return pointerAt(arena, view, layout.next)
}

/** Each free block is in the list of its order, once, and nothing else is. */
function checkFreeLists(
  arena: ArenaReader,
  chunk: number,
  layout: ChunkLayout,
  view: DataView,
  blocks: ReadonlyMap<number, number>,
  where: string,
  problems: Problems,
): void {
  const listed = new Set<number>()
  for (let order = 0; order < layout.orderCount; order++) {
    let item = Number(view.getBigUint64(layout.freelists + order * 8, true))
    // The number of items stands for none.
    while (item !== layout.items) {
      if (item > layout.items || listed.has(item)) {
        problems.add(
          where,
          `free list ${order} ${listed.has(item) ? 'comes back to' : 'leads to'} item ${item}`,
        )
        break
      }
      if (blocks.get(item) !== order) {
        problems.add(where, `free list ${order} has item ${item}, which is no free block of that order`)
        break
      }
      listed.add(item)
      const next = arena.window.u32(chunk + item * itemSize + headerAt + 4)
      if (next === undefined) {
        problems.add(where, `free list ${order}: ${arena.window.reason(chunk + item * itemSize, itemSize)}`)
        break
      }
      item = next
    }
  }
  if (listed.size < blocks.size) {
    problems.add(where, `${blocks.size - listed.size} of ${blocks.size} free blocks are in no free list`)
  }
}

/** Bytes in slots of a state; at least so many where a chunk could not be read. */
function sumOf(slots: Slots, state: 'live' | 'free'): FigureJson {
  const sum = slots.sizes.reduce(
    (total, size, slot) => (slots.states[slot] === state ? total + size : total),
    0,
  )
  return figureJson(counted(sum, slots.lost))
}
