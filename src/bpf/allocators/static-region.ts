import { type AllocatorReader, hex, placeIn, type Region } from './reading.js'
import { Slots } from './slots.js'

const linkSize = 8
/** lib/alloc/bump.bpf.c, before its regions linked to each other. */
const pastAllocations = 'past_allocs'

/**
 * Allocators that only hand out: scx_static (lib/alloc/static) has one region and forgets the one before it; bump
 * (lib/alloc/bump) keeps all, each with a link to the one before in its first eight bytes, or in older versions a ring of their
 * addresses. Nothing is ever given back, and objects have no header: what lies in a region is known from pointers to it.
 */
export const staticRegionReader: AllocatorReader = {
  kind: 'static',
  structs: ['scx_static'],
  read: (arena, variable, problems) => {
    const { reader } = variable
    const size = Number(reader.integer('max_alloc_bytes', 'max_contig_bytes'))
    const used = Number(reader.integer('off'))
    const memory = placeIn(arena, variable, 'memory')
    const regions: Region[] = []
    if (memory === -2) problems.add('memory', `${hex(reader.pointer('memory'))} leads out of the arena`)
    else if (memory >= 0 && !(size <= arena.window.length && used <= size)) {
      problems.add('off', `${used} of ${size} bytes are handed out, which cannot be`)
    } else if (memory >= 0) regions.push({ name: 'region', place: memory, length: size, used })
    return {
      slots: new Slots(problems),
      elementSize: undefined,
      headerSize: 0,
      regions,
      state: { regionSize: size, used, initialized: memory !== -1 },
    }
  },
}

export const bumpReader: AllocatorReader = {
  kind: 'bump',
  structs: ['bump'],
  read(arena, variable, problems) {
    const { reader } = variable
    const size = Number(reader.integer('max_contig_bytes'))
    const used = Number(reader.integer('off'))
    const limit = Number(reader.integer('lim_memusage'))
    const usage = Number(reader.integer('cur_memusage'))
    const memory = placeIn(arena, variable, 'memory')
    const regions: Region[] = []
    const isSane = size > 0 && size <= arena.window.length && used <= size
    if (memory === -2) problems.add('memory', `${hex(reader.pointer('memory'))} leads out of the arena`)
    else if (memory >= 0 && !isSane) {
      problems.add('off', `${used} of ${size} bytes are handed out, which cannot be`)
    } else if (memory >= 0) {
      // Memory that the arena has not cannot be used: this bounds a chain of links, too.
      const most = Math.min(usage / size, Math.ceil((arena.pages.length * 4096) / size)) || 1
      const older = reader.has(pastAllocations) ? ringed : linked
      const header = reader.has(pastAllocations) ? 0 : linkSize
      regions.push({
        name: 'newest region',
        place: memory + header,
        length: size - header,
        used: Math.max(0, used - header),
      })
      for (const place of older(memory, most)) {
        // How much of an older region was used is not kept: all of it may have been.
        regions.push({
          name: 'older region',
          place: place + header,
          length: size - header,
          used: size - header,
        })
      }
      if (usage !== regions.length * size) {
        problems.add('regions', `${regions.length} of ${size} bytes were found, cur_memusage is ${usage}`)
      }
    }
    if (usage > limit) problems.add('cur_memusage', `is ${usage}, above its limit of ${limit}`)
    return {
      slots: new Slots(problems),
      elementSize: undefined,
      headerSize: 0,
      regions,
      state: { regionSize: size, used, memoryUsage: usage, memoryLimit: limit, initialized: memory !== -1 },
    }

    function* linked(first: number, most: number): Generator<number> {
      const seen = new Set([first])
      for (let at = first; ; ) {
        const link = arena.window.u64(at)
        if (link === undefined) return problems.add('regions', arena.window.reason(at, 8))
        if (link === 0n) return
        const place = arena.window.placeOf(link)
        if (place < 0) return problems.add('regions', `link ${hex(link)} leads out of the arena`)
        if (seen.has(place)) return problems.add('regions', `links lead back to ${hex(link)}`)
        if (seen.size >= most)
          return problems.add('regions', `there are more than the ${most} that cur_memusage allows`)
        seen.add(place)
        yield place
        at = place
      }
    }

    function* ringed(newest: number, most: number): Generator<number> {
      const count = reader.layout.sizeOf(pastAllocations) / 8
      const seen = new Set([newest])
      for (let i = 0; i < count && seen.size < most; i++) {
        const value = reader.pointer(`${pastAllocations}[${i}]`)
        const place = value === 0n ? -1 : arena.window.placeOf(value)
        if (place < 0 || seen.has(place)) {
          if (value !== 0n && place < 0) problems.add('regions', `${hex(value)} leads out of the arena`)
          continue
        }
        seen.add(place)
        yield place
      }
    }
  },
}
