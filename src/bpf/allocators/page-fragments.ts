import type { Problems } from '../../problems.js'
import type { ArenaReader } from '../arena/reader.js'
import { hex, type Reading, type Region } from './reading.js'
import { Slots } from './slots.js'

const pageSize = 4096
/** Live objects of a page are counted in its last eight bytes. */
const counterAt = pageSize - 8

/** Names of the two variables, both arrays by CPU. */
export const pageFragmentVariables = { pages: 'page_frag_cur_page', offsets: 'page_frag_cur_offset' } as const

/** Where the elements of an array lie in the arena. */
export interface ArenaArray {
  readonly place: number
  /** Bytes in all. */
  readonly size: number
}

/**
 * The page-fragment allocator (bpf_arena_alloc.h of the kernel's selftests): each CPU hands out its current page from the top down. Pages
 * that were used up are in no list; objects have no header.
 */
export function readPageFragments(
  arena: ArenaReader,
  pages: ArenaArray,
  offsets: ArenaArray,
  problems: Problems,
): Reading {
  const regions: Region[] = []
  const cpus: { cpu: number; page: string; offset: number; liveObjects: number | null }[] = []
  const count = Math.min(pages.size / 8, offsets.size / 4)
  for (let cpu = 0; cpu < count; cpu++) {
    const pointer = arena.window.u64(pages.place + cpu * 8)
    const offset = arena.window.u32(offsets.place + cpu * 4)
    if (pointer === undefined || offset === undefined) {
      const lost = pointer === undefined ? pages.place + cpu * 8 : offsets.place + cpu * 4
      problems.add(`cpu ${cpu}`, arena.window.reason(lost, 4))
      break
    }
    if (pointer === 0n) continue
    const place = arena.window.placeOf(pointer)
    if (place < 0 || place % pageSize !== 0 || offset > counterAt) {
      problems.add(`cpu ${cpu}`, `page ${hex(pointer)} with offset ${offset} cannot be`)
      continue
    }
    const liveObjects = arena.window.u64(place + counterAt)
    if (liveObjects === undefined) problems.add(`cpu ${cpu}`, arena.window.reason(place + counterAt, 8))
    cpus.push({
      cpu,
      page: hex(pointer),
      offset,
      liveObjects: liveObjects === undefined ? null : Number(liveObjects),
    })
    regions.push({
      name: `page of CPU ${cpu}`,
      place: place + offset,
      length: counterAt - offset,
      used: counterAt - offset,
    })
  }
  return { slots: new Slots(problems), elementSize: undefined, headerSize: 0, regions, state: { cpus } }
}
