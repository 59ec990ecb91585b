import { memberAt, sizeOf } from '../../btf/layout.js'
import { counted, figureJson } from '../../problems.js'
import { type AllocatorReader, hex, placeIn, pointerAt, type Region, viewOf } from './reading.js'
import { Slots } from './slots.js'

const pageSize = 4096

/**
 * Free-list allocators of one size (lib/alloc/stack): a stack of segments, each a page of pointers to free elements. The
 * segments before the current one are full, the current one is to `cind`. Elements that are handed out are in no list: those are
 * told that share a page with a free one, and the rest are counted only.
 */
export const stackReader: AllocatorReader = {
  kind: 'stack',
  structs: ['stk', 'scx_stk'],
  read(arena, variable, problems) {
    const { reader, types, struct } = variable
    const elementSize = Number(reader.integer('data_size'))
    const capacity = Number(reader.integer('capacity'))
    const available = Number(reader.integer('available'))
    const pagesPerAllocation = Number(reader.integer('nr_pages_per_alloc'))
    const cind = Number(reader.integer('cind'))
    const segment = types.findStruct(`${struct}_seg`)
    const elements = segment && memberAt(segment, 'elems')
    const next = segment && memberAt(segment, 'next')
    const size = segment?.size ?? pageSize
    // A page of pointers, the last two of which link segments.
    const perSegment = elements === undefined ? size / 8 - 2 : Math.floor((sizeOf(elements.type) ?? 0) / 8)
    const nextAt = next?.offset ?? size - 8
    const elementsAt = elements?.offset ?? 0
    const isLaidOut = nextAt >= 0 && Math.max(nextAt + 8, elementsAt + perSegment * 8) <= size

    const slots = new Slots(problems)
    const free: number[] = []
    const regions: Region[] = []
    const seen = new Set<number>()
    const isSane =
      isLaidOut &&
      elementSize >= 8 &&
      elementSize <= pagesPerAllocation * pageSize &&
      perSegment > 0 &&
      cind <= perSegment
    if (!isLaidOut)
      slots.lost.add('stack', 'the BTF of the program does not say how its segments are laid out')
    else if (!isSane && elementSize !== 0) {
      slots.lost.add(
        'stack',
        `elements of ${elementSize} bytes and ${cind} in a segment of ${perSegment} cannot be`,
      )
    }
    const current = placeIn(arena, variable, 'current')
    let reached = false
    for (let at = isSane ? placeIn(arena, variable, 'first') : -1; at !== -1; ) {
      if (at === -2 || seen.has(at)) {
        slots.lost.add('segments', at === -2 ? 'a link leads out of the arena' : 'links lead in a circle')
        break
      }
      seen.add(at)
      const bytes = arena.window.bytes(at, size)
      if (bytes === undefined) {
        slots.lost.add('segments', arena.window.reason(at, size))
        break
      }
      const view = viewOf(bytes)
      regions.push({ name: 'segment', place: at, length: size, used: undefined })
      const count = reached ? 0 : at === current ? cind : perSegment
      for (let i = 0; i < count; i++) {
        const place = pointerAt(arena, view, elementsAt + i * 8)
        if (place >= 0) free.push(place)
        else
          slots.lost.add(
            'segments',
            `element ${i} of ${hex(arena.window.userAddress(at))} is ${place === -1 ? 'null' : 'outside the arena'}`,
          )
      }
      reached ||= at === current
      at = pointerAt(arena, view, nextAt)
    }
    if (seen.size > 0 && !reached) slots.lost.add('segments', 'the current segment is in no list')
    if (isSane && free.length !== available) {
      slots.lost.add('segments', `${free.length} free elements were found, ${available} are counted`)
    }
    carve(slots, free, elementSize, pagesPerAllocation)
    return {
      slots,
      elementSize: isSane ? elementSize : undefined,
      headerSize: 0,
      regions,
      state: {
        elementSize,
        capacity,
        available,
        pagesPerAllocation,
        handedOutFound: figureJson(slots.count('live')),
        segments: figureJson(counted(regions.length, slots.lost)),
      },
    }
  },
}

/** Pages of elements are recognised by their free ones; the others on the same page are handed out. */
function carve(slots: Slots, free: readonly number[], size: number, pagesPerAllocation: number): void {
  const isFree = new Set(free)
  if (pagesPerAllocation !== 1 || size > pageSize) {
    // Where a run of several pages starts is kept nowhere.
    for (const place of [...isFree].sort((a, b) => a - b)) slots.add(slots.length, place, size, 'free')
    return
  }
  const pages = [...new Set(free.map((place) => place - (place % pageSize)))].sort((a, b) => a - b)
  for (const page of pages) {
    for (let place = page; place + size <= page + pageSize; place += size) {
      slots.add(slots.length, place, size, isFree.has(place) ? 'free' : 'live')
    }
  }
}
