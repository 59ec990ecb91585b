import type { ArenaGuest } from './arena-guest.js'

const entries = 512

/** How one element stands; `live` unless told. */
export interface ElementSpec {
  readonly index: number
  readonly state?: 'live' | 'recycled' | 'unwritten' | 'unplaced'
  readonly generation?: number
  /** What its tid says, when not what it should. */
  readonly tid?: number
}

export interface SdtTree {
  /** Places of the elements by index. */
  readonly elements: ReadonlyMap<number, number>
  readonly root: number
  /** Places of descriptors and chunks by level and position, such as `2/0/5`. */
  readonly descriptors: ReadonlyMap<string, number>
  readonly chunks: ReadonlyMap<string, number>
}

/** Writes a tree as sdt_alloc does: elements where they hang, bits and counts as they follow, pools in pages of their own. */
export function writeSdtTree(
  test: ArenaGuest,
  allocator: bigint,
  elementSize: number,
  specs: readonly ElementSpec[],
): SdtTree {
  const descriptors = new Map<string, number>()
  const chunks = new Map<string, number>()
  const elements = new Map<number, number>()
  const bits = new Map<string, Set<number>>()
  const pool = makePool(test)
  const take = (path: string): number => {
    const known = descriptors.get(path)
    if (known !== undefined) return known
    const place = pool(80)
    const chunk = pool(4096, 4096)
    descriptors.set(path, place)
    chunks.set(path, chunk)
    bits.set(path, new Set())
    test.pointer(place + 72, chunk)
    return place
  }
  const root = take('0')
  const slab = Math.max(1, specs.filter(({ state }) => state !== 'unplaced').length)
  const first = test.pages(Math.ceil((slab * elementSize) / 4096))
  let next = first
  for (const { index, state = 'live', generation = 0, tid } of specs) {
    const [a, b, c] = [
      Math.floor(index / entries ** 2),
      Math.floor(index / entries) % entries,
      index % entries,
    ]
    const middle = take(`1/${a}`)
    const leaf = take(`2/${a}/${b}`)
    test.pointer((chunks.get('0') as number) + a * 8, middle)
    test.pointer((chunks.get(`1/${a}`) as number) + b * 8, leaf)
    if (state !== 'recycled') bits.get(`2/${a}/${b}`)?.add(c)
    if (state === 'unplaced') continue
    const place = next
    next += elementSize
    elements.set(index, place)
    test.pointer((chunks.get(`2/${a}/${b}`) as number) + c * 8, place)
    test.u32(place, tid ?? (state === 'live' ? index : 0))
    test.u32(place + 4, generation)
  }
  // Full children set bits above, from the leaves up.
  for (const path of [...bits.keys()].sort().reverse()) {
    const set = bits.get(path) as Set<number>
    if (set.size < entries || path === '0') continue
    const [level, a, b] = path.split('/').map(Number)
    if (level === 2) bits.get(`1/${a}`)?.add(b as number)
    else bits.get('0')?.add(a as number)
  }
  for (const [path, set] of bits) writeBits(test, descriptors.get(path) as number, set)
  test.setAt('scx_allocator', allocator, {
    'pool.slab': test.user(first),
    'pool.elem_size': elementSize,
    'pool.max_elems': slab,
    'pool.idx': elements.size,
    root: test.user(root),
  })
  return { elements, root, descriptors, chunks }
}

function writeBits(test: ArenaGuest, place: number, set: ReadonlySet<number>): void {
  const words = new Array<bigint>(8).fill(0n)
  for (const bit of set) words[bit >> 6] = (words[bit >> 6] as bigint) | (1n << BigInt(bit & 63))
  for (const [i, word] of words.entries()) test.u64(place + i * 8, word)
  test.u64(place + 64, entries - set.size)
}

/** Hands out pieces of fresh pages. */
function makePool(test: ArenaGuest): (size: number, align?: number) => number {
  let at = 0
  let end = 0
  return (size, align = 8) => {
    if (align >= 4096) return test.pages(Math.ceil(size / 4096))
    if (at + size > end) {
      at = test.pages(1)
      end = at + 4096
    }
    at += size
    return at - size
  }
}
