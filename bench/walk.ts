import type { BpfMap } from '../src/bpf/map.js'
import { asPage } from '../src/brands.js'
import { Problems } from '../src/problems.js'
import type { Session } from '../src/session/session.js'
import { print, repeat, timed } from './measure.js'

const entries = 1_000_000
const runs = 9

/** Through a hash map of a million entries. */
export function measureWalk(dump: Session, live: Session): void {
  const map = dump.map('million')
  const places = placesOf(map)
  print('hash map, 1,000,000 entries', [
    {
      what: 'limit: read one word of each entry, places known',
      times: repeat(runs, () => timed(() => touch(dump, places))),
      count: entries,
    },
    { what: 'limit: copy as many bytes', times: repeat(runs, () => timed(copy(map))), count: entries },
    { what: 'raw bytes, dump', times: repeat(runs, () => timed(() => count(map))), count: entries, goal: 3 },
    {
      what: 'raw bytes, frozen guest',
      times: repeat(runs, () => timed(() => count(live.map('million')))),
      count: entries,
    },
    { what: 'JSON lines, dump', times: repeat(5, () => timed(() => lines(map))), count: entries, goal: 0.2 },
  ])
}

function count(map: BpfMap): number {
  const problems = new Problems()
  let found = 0
  for (const batch of map.batches(problems)) found += batch.count
  if (found !== entries || problems.list.length > 0) throw new Error(`found ${found} entries`)
  return found
}

function lines(map: BpfMap): number {
  let bytes = 0
  for (const line of map.json()) bytes += line.length
  return bytes
}

interface Places {
  readonly pages: Float64Array
  readonly offsets: Uint16Array
}

function placesOf(map: BpfMap): Places {
  const pages = new Float64Array(entries)
  const offsets = new Uint16Array(entries)
  let at = 0
  for (const batch of map.batches()) {
    pages.set(batch.pages.subarray(0, batch.count), at)
    offsets.set(batch.offsets.subarray(0, batch.count), at)
    at += batch.count
  }
  return { pages, offsets }
}

function touch({ kernel }: Session, { pages, offsets }: Places): number {
  let sum = 0
  for (let i = 0; i < entries; i++) {
    const position = kernel.space.locate(asPage(pages[i] as number))
    const view = kernel.memory.windows[Math.floor(position / 2 ** 32)]?.view
    sum ^= view?.getInt32((position >>> 0) + ((offsets[i] as number) & ~3), true) ?? 0
  }
  return sum
}

function copy(map: BpfMap): () => void {
  const from = new Uint8Array(entries * (map.info.keySize + map.info.valueSize)).fill(1)
  const to = new Uint8Array(from.length)
  return () => to.set(from)
}
