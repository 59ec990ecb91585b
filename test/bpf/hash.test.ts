import fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import { BpfMap } from '../../src/bpf/map.js'
import { listMaps, type MapInfo } from '../../src/bpf/map-info.js'
import { asPhysical, asPosition, type Frame, type Physical, type Position } from '../../src/brands.js'
import { Kernel } from '../../src/kernel/kernel.js'
import type { MemoryWindow, PhysicalMemory, ReadResult } from '../../src/memory/types.js'
import { Problems } from '../../src/problems.js'
import type { ArrayMemory } from '../support/array-memory.js'
import { addHash, type HashEntry, type HashMap, type HashSpec, hashValueAt } from '../support/bpf-objects.js'
import { KernelGuest } from '../support/kernel-guest.js'
import { referenceJhash } from '../support/reference-jhash.js'
import { nullsMarker, writeChain } from '../support/structures.js'
import { bytesOf, hex, openMap, read, u32 } from './opened.js'

const wild = 0xffff800000001000n

function entriesOf(count: number, keySize: number, valueSize: number): HashEntry[] {
  return Array.from({ length: count }, (_, i) => {
    const key = bytesOf(i * 7 + 1, keySize)
    new DataView(key.buffer).setUint16(0, i, true)
    return { key, value: bytesOf(i + 1000, valueSize) }
  })
}

interface Made {
  readonly map: BpfMap
  readonly made: HashMap
  readonly entries: readonly HashEntry[]
}

/** A map with that many entries; `change` breaks it. */
function make(
  count: number,
  spec: Partial<HashSpec> = {},
  change: (guest: KernelGuest, made: HashMap) => void = () => {},
): Made {
  const full = { keySize: 8, valueSize: 16, maxEntries: Math.max(1, count), ...spec }
  const guest = new KernelGuest()
  const entries = entriesOf(count, full.keySize, full.valueSize)
  const made = addHash(guest, full, entries)
  change(guest, made)
  return { map: openMap(guest), made, entries }
}

const sorted = (pairs: readonly [string, string][]): [string, string][] => [...pairs].sort()
const pairsOf = (entries: readonly HashEntry[]): [string, string][] =>
  entries.map(({ key, value }) => [
    hex(key),
    [value]
      .flat()
      .map((one) => hex(one as Uint8Array))
      .join(' '),
  ])

describe.each(['hash', 'lru_hash'] as const)('%s maps', (type) => {
  it.each([
    [0, 1, 4, 4],
    [1, 1, 4, 8],
    [200, 64, 8, 16],
    [60, 1, 4, 4],
    [100, 8, 5, 3],
    [70, 16, 2, 700],
    [40, 4, 61, 1],
    [30, 8, 512, 8],
  ])(
    'give all of %i entries in %i buckets, keys of %i and values of %i bytes',
    (count, buckets, keySize, valueSize) => {
      const { map, entries } = make(count, { type, buckets, keySize, valueSize })
      expect(map.type).toBe(type)
      const found = read(map)
      expect(found.problems).toEqual([])
      expect(sorted(found.entries)).toEqual(sorted(pairsOf(entries)))
      for (const { key, value } of entries) {
        expect(map.entry(key)?.value?.bytes).toEqual(value)
        expect(map.entry(key)?.key.bytes).toEqual(key)
      }
    },
  )

  it('give entries in the order of buckets and chains, with their place in memory', () => {
    const guest = new KernelGuest()
    const made = addHash(guest, { type, valueSize: 8, maxEntries: 20 }, entriesOf(20, 4, 8))
    const places = [...openMap(guest).entries()].map(({ value }) => value?.address)
    expect(places).toEqual(made.chains.flat().map((element) => hashValueAt(guest, element, 4)))
  })

  it('hold no other keys', () => {
    const { map } = make(20, { type })
    for (let i = 0; i < 50; i++) expect(map.entry(bytesOf(i + 5000, 8))).toBeUndefined()
  })
})

it('hash maps give by key what walking gives, for random keys', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 24 }),
      fc.nat(0xffffffff),
      fc.integer({ min: 0, max: 7 }),
      fc.infiniteStream(fc.nat(255)),
      (keySize, seed, bits, noise) => {
        const keys = new Map<string, Uint8Array>()
        for (let i = 0; i < 20; i++) {
          const key = Uint8Array.from([...noise.take(keySize)])
          keys.set(hex(key), key)
        }
        const entries = [...keys.values()].map((key, i) => ({ key, value: bytesOf(i, 8) }))
        const guest = new KernelGuest()
        addHash(guest, { keySize, valueSize: 8, maxEntries: 20, seed, buckets: 2 ** bits }, entries)
        const map = openMap(guest)
        const found = read(map)
        expect(found.problems).toEqual([])
        expect(sorted(found.entries)).toEqual(sorted(pairsOf(entries)))
        for (const [key, value] of found.entries) {
          expect(
            hex(map.entry(Uint8Array.from(Buffer.from(key, 'hex')))?.value?.bytes ?? new Uint8Array()),
          ).toBe(value)
        }
        const other = Uint8Array.from([...noise.take(keySize)])
        if (!keys.has(hex(other))) expect(map.entry(other)).toBeUndefined()
      },
    ),
    { numRuns: 40 },
  )
})

describe('per-CPU hash maps', () => {
  it.each(['percpu_hash', 'lru_percpu_hash'] as const)('of type %s give a value for each CPU', (type) => {
    const guest = new KernelGuest({ cpus: [0, 1, 5] })
    const entries = Array.from({ length: 12 }, (_, i) => ({
      key: u32(i * 977),
      value: [bytesOf(i, 16), bytesOf(i + 50, 16), bytesOf(i + 100, 16)],
    }))
    addHash(guest, { type, valueSize: 16, maxEntries: 12 }, entries)
    const map = openMap(guest)
    expect(map.perCpu).toBe(true)
    const found = read(map)
    expect(found.problems).toEqual([])
    expect(sorted(found.entries)).toEqual(sorted(pairsOf(entries)))
    const cpus = map.entry(3 * 977)?.cpus
    expect(cpus?.map(({ cpu, bytes }) => [cpu, hex(bytes)])).toEqual(
      [0, 1, 5].map((cpu, i) => [cpu, hex(bytesOf(3 + i * 50, 16))]),
    )
  })

  it('leave out an entry whose values are not there, say so, and go on', () => {
    const guest = new KernelGuest()
    const entries = Array.from({ length: 3 }, (_, i) => ({
      key: u32(i),
      value: [bytesOf(i, 8), bytesOf(i, 8)],
    }))
    const made = addHash(guest, { type: 'percpu_hash', valueSize: 8, maxEntries: 3, buckets: 1 }, entries)
    const [chain = []] = made.chains
    guest.u64(hashValueAt(guest, chain[0] ?? 0n, 4), 0n)
    guest.u64(hashValueAt(guest, chain[1] ?? 0n, 4), wild)
    const { entries: found, problems } = read(openMap(guest))
    expect(found).toEqual(pairsOf(entries).slice(2))
    expect(problems).toEqual([
      'bucket 0: the pointer to its per-CPU values is null',
      expect.stringMatching(/^bucket 0, CPU 0: /),
    ])
  })
})

it.each([4, 256])('a hash map of %i buckets goes on in the chain in which a batch was full', (buckets) => {
  const { map, made, entries } = make(600, { buckets, keySize: 4, valueSize: 2000 })
  expect(made.chains.some((chain) => chain.length > 3)).toBe(true)
  const found: string[] = []
  let batches = 0
  for (const { count, keys, values } of map.batches()) {
    batches++
    for (let i = 0; i < count; i++)
      found.push(hex(keys.subarray(i * 4, i * 4 + 4)) + hex(values.subarray(i * 2000, i * 2000 + 2000)))
  }
  expect(batches).toBe(2)
  expect(found.sort()).toEqual(
    pairsOf(entries)
      .map((pair) => pair.join(''))
      .sort(),
  )
})

it.each([1, 2, 3, 7, 40, 300])('hash maps are read from memory that moves at every look of %i', (looks) => {
  const guest = new KernelGuest()
  const entries = entriesOf(300, 8, 16)
  addHash(guest, { keySize: 8, valueSize: 16, maxEntries: 300, buckets: 128 }, entries)
  const still = read(openMap(guest))
  const kernel = Kernel.find(new MovingMemory(guest.memory, looks))
  const [info] = listMaps(kernel, new Problems())
  const found = read(new BpfMap(kernel, info as MapInfo, new Problems()))
  expect(found).toEqual(still)
  expect(found.entries).toHaveLength(300)
})

/** Drops what it had at hand, places and window, with every so-and-so-many frames that are asked for. */
class MovingMemory implements PhysicalMemory {
  readonly description = 'memory that moves'
  readonly windows: MemoryWindow[] = []
  generation = 0
  readonly #memory: ArrayMemory
  readonly #looks: number
  #looked = 0

  constructor(memory: ArrayMemory, looks: number) {
    this.#memory = memory
    this.#looks = looks
    this.windows.push(...memory.windows)
  }

  get ranges() {
    return this.#memory.ranges
  }

  locate(frame: Frame): Position {
    const position = this.#memory.locate(frame)
    if (position >= 0 && ++this.#looked % this.#looks === 0) {
      delete this.windows[this.generation++]
      this.windows[this.generation] = this.#memory.windows[0] as MemoryWindow
    }
    return position < 0 ? position : asPosition(this.generation * 2 ** 32 + position)
  }

  dataRanges() {
    return this.#memory.dataRanges()
  }

  read(address: Physical, length: number): ReadResult {
    return this.#memory.read(address, length)
  }

  close(): void {
    this.#memory.close()
  }
}

describe('a ruined hash map', () => {
  it.each([1, 2, 15, 16, 17, 40])('whose chain loops over %i entries gives each once', (length) => {
    for (const back of new Set([0, 1, length >> 1, length - 1].filter((n) => n < length))) {
      const { map, entries } = make(length, { buckets: 1 }, (guest, { chains: [chain = []] }) =>
        guest.u64(chain.at(-1) ?? 0n, chain[back] ?? 0n),
      )
      const found = read(map)
      expect(found.entries).toEqual(pairsOf(entries))
      expect(found.problems).toEqual([`bucket 0: its chain loops after ${length} entries`])
      expect(map.entry(bytesOf(9999, 8))).toBeUndefined()
    }
  })

  it('gives the entries before a wild pointer, and those of the other buckets', () => {
    const { map, made, entries } = make(40, { buckets: 2 }, (guest, { chains }) =>
      guest.u64(chains[0]?.[4] ?? 0n, wild),
    )
    const { entries: found, problems } = read(map)
    expect(found).toHaveLength(5 + (made.chains[1]?.length ?? 0))
    expect(sorted(found).every((pair) => pairsOf(entries).some((known) => known[0] === pair[0]))).toBe(true)
    expect(problems).toEqual([
      `bucket 0: its chain breaks after 5 entries: page not present at 0x${wild.toString(16)} (pgd)`,
    ])
  })

  it.each([
    [0n, 'page not present'],
    [2n, 'page not present'],
  ])('gives nothing of a bucket that is a wild pointer: + %i', (offset, reason) => {
    // The first group of buckets that is read ahead, and one behind it.
    for (const bucket of [1, 200]) {
      const { map, made, entries } = make(300, { buckets: 256 }, (guest, { buckets }) =>
        guest.u64(buckets[bucket] ?? 0n, wild + offset),
      )
      const found = read(map)
      expect(found.entries).toHaveLength(entries.length - (made.chains[bucket]?.length ?? 0))
      expect(found.problems).toEqual([
        expect.stringContaining(`bucket ${bucket}: its chain breaks after 0 entries: ${reason}`),
      ])
    }
  })

  it.each([1n, 2n, 4n, 0xffcn])('does not follow a pointer that is not aligned: + %i', (offset) => {
    const { map } = make(10, { buckets: 1 }, (guest, { chains: [chain = []] }) => {
      const at = (chain[3] ?? 0n) & ~0xfffn
      guest.u64(chain[3] ?? 0n, at + offset)
    })
    const { entries, problems } = read(map)
    expect(entries).toHaveLength(4)
    expect(problems).toHaveLength(1)
    expect(problems[0]).toMatch(
      offset === 1n ? /none of this map/ : /breaks after 4 entries: a pointer is not aligned/,
    )
  })

  it('says when a chain ends in the marker of another bucket', () => {
    const { map } = make(20, { buckets: 4 }, (guest, { chains, buckets }) =>
      writeChain(guest, buckets[2] ?? 0n, chains[2] ?? [], nullsMarker(3)),
    )
    const { entries, problems } = read(map)
    expect(entries).toHaveLength(20)
    expect(problems).toEqual([
      expect.stringMatching(
        /^bucket 2: its chain ends after \d+ entries in bucket 3's, not in its own marker$/,
      ),
    ])
  })

  it('says when a chain ends in a null pointer, and when a bucket is one', () => {
    const { map, made } = make(20, { buckets: 4 }, (guest, { chains, buckets }) => {
      writeChain(guest, buckets[1] ?? 0n, chains[1] ?? [], 0n)
      guest.u64(buckets[3] ?? 0n, 0n)
    })
    const { entries, problems } = read(map)
    expect(entries).toHaveLength(20 - (made.chains[3]?.length ?? 0))
    const length = made.chains[1]?.length
    expect(problems).toEqual([
      `bucket 1: its chain ends after ${length} entries in a null pointer, not in its own marker`,
      'bucket 3: its chain ends after 0 entries in a null pointer, not in its own marker',
    ])
  })

  it('says when an entry hangs in another bucket than its hash names', () => {
    const { map, made } = make(20, { buckets: 4 }, (guest, { chains, buckets }) =>
      writeChain(guest, buckets[0] ?? 0n, [...(chains[0] ?? []), chains[1]?.[0] ?? 0n], nullsMarker(0)),
    )
    const { entries, problems } = read(map)
    // The entry ends both chains now: what was behind it in its own is out of reach.
    expect(entries).toHaveLength(20 - (made.chains[1]?.length ?? 0) + 2)
    expect(problems).toContain('bucket 0: an entry in its chain hashes to another bucket')
    expect(problems).toContain(
      "bucket 1: its chain ends after 1 entries in bucket 0's, not in its own marker",
    )
  })

  it('leaves out an entry that is only half in memory', () => {
    const { map, entries } = make(6, { buckets: 1, valueSize: 64 }, (guest, made) => {
      const [chain = []] = made.chains
      const size = guest.objects.sizeOf('htab_elem')
      // Head, hash and key are at the end of a page, behind which nothing is.
      const edge = guest.allocPages(1) + 4096n - BigInt(size + 16)
      guest.write(edge, guest.bytesAt(chain[2] ?? 0n, size + 16))
      guest.u64(chain[1] ?? 0n, edge)
    })
    const { entries: found, problems } = read(map)
    expect(found).toEqual(pairsOf(entries.filter((_, i) => i !== 2)))
    expect(problems).toEqual(['bucket 0: an entry is not whole in memory'])
  })

  it.each([64, 5000])('gives an entry that lies at physical address 0, values of %i bytes', (valueSize) => {
    const { map, entries } = make(3, { buckets: 1, valueSize }, (guest, made) => {
      const [chain = []] = made.chains
      const size = guest.objects.sizeOf('htab_elem') + 8 + valueSize
      const at = 0xffffc900_00000000n
      guest.map(at, asPhysical(0))
      guest.map(at + 4096n, guest.frame())
      guest.write(at, guest.bytesAt(chain[1] ?? 0n, size))
      guest.u64(chain[0] ?? 0n, at)
    })
    expect(read(map)).toEqual({ entries: pairsOf(entries), problems: [] })
  })

  it('leaves out an entry of which the key is whole and the value is not', () => {
    const { map, entries } = make(3, { buckets: 1, valueSize: 64 }, (guest, made) => {
      const [chain = []] = made.chains
      const size = guest.objects.sizeOf('htab_elem')
      const edge = guest.allocPages(1) + 4096n - BigInt(size + 8 + 32)
      guest.write(edge, guest.bytesAt(chain[1] ?? 0n, size + 8 + 32))
      guest.u64(chain[0] ?? 0n, edge)
    })
    expect(read(map)).toEqual({
      entries: pairsOf(entries.filter((_, i) => i !== 1)),
      problems: ['bucket 0: an entry is not whole in memory'],
    })
  })

  it('says of two pages of buckets that they are missing', () => {
    const guest = new KernelGuest()
    const made = addHash(guest, { keySize: 8, valueSize: 8, maxEntries: 10, buckets: 2048 }, [])
    const page = ((made.buckets[500] ?? 0n) & ~0xfffn) + 4096n
    for (const one of [page, page + 4096n]) guest.unmap(one)
    const { problems } = read(openMap(guest))
    const within = made.buckets.flatMap((at, n) => (at >= page && at < page + 8192n ? [n] : []))
    expect(problems).toEqual([
      expect.stringContaining(`buckets ${within[0]} to ${within.at(-1)}: page not present`),
    ])
  })

  describe('that claims more buckets than it has', () => {
    /** What lies behind its own is all zeros. */
    function overstated(claimed: number): { guest: KernelGuest; at: (bucket: number) => bigint } {
      const guest = new KernelGuest({ memory: 16 * 2 ** 20 })
      const spec = { keySize: 8, valueSize: 8, maxEntries: 10 }
      const { address, buckets } = addHash(guest, spec, entriesOf(3, 8, 8))
      const stride = guest.objects.sizeOf('bucket', 'head')
      const first = guest.allocPages(Math.ceil((claimed * stride) / 4096))
      const at = (bucket: number): bigint => first + BigInt(bucket * stride)
      for (const [n, bucket] of buckets.entries()) guest.write(at(n), guest.bytesAt(bucket, 8))
      guest.objects.set('bpf_htab', address, { buckets: first, n_buckets: claimed })
      return { guest, at }
    }

    it('is left when 65,536 in a row are out of order, which is said', () => {
      const problems = new Problems()
      const add = vi.spyOn(problems, 'add')
      expect([...openMap(overstated(2 ** 18).guest).entries(problems)]).toHaveLength(3)
      expect(add.mock.calls.at(-1)).toEqual([
        'buckets',
        expect.stringMatching(
          /^65536 in a row are out of order: those behind bucket 6553\d are not looked at$/,
        ),
      ])
      expect(add.mock.calls.length).toBeLessThan(65_545)
    })

    it('is followed as long as some are in order', () => {
      const { guest, at } = overstated(2 ** 17)
      guest.u64(at(50_000), nullsMarker(50_000))
      const element = guest.objects.make('htab_elem', {}, { extra: 16 })
      writeChain(guest, at(100_000), [element], nullsMarker(100_000))
      expect([...openMap(guest).entries(new Problems())]).toHaveLength(4)
    })
  })

  it('gives the buckets in memory when a page of them is missing, and says which are not', () => {
    const guest = new KernelGuest()
    const entries = entriesOf(300, 8, 8)
    const made = addHash(guest, { keySize: 8, valueSize: 8, maxEntries: 300, buckets: 1024 }, entries)
    const page = ((made.buckets[500] ?? 0n) & ~0xfffn) + 4096n
    guest.unmap(page)
    const first = made.buckets.findIndex((at) => at >= page)
    const last = made.buckets.findLastIndex((at) => at < page + 4096n)
    const { entries: found, problems } = read(openMap(guest))
    const lost = made.chains.slice(first, last + 1).flat().length
    expect(lost).toBeGreaterThan(0)
    expect(found).toHaveLength(300 - lost)
    expect(problems).toEqual([expect.stringContaining(`buckets ${first} to ${last}: page not present`)])
  })

  it.each([0, 3, 1000, 0xffffffff, 0x80000001])('with %i buckets is not walked', (buckets) => {
    const { map } = make(4, {}, (guest, { address }) =>
      guest.objects.set('bpf_htab', address, { n_buckets: buckets }),
    )
    expect(read(map)).toEqual({
      entries: [],
      problems: [`map: it claims ${buckets} buckets, which is no power of two`],
    })
    expect(map.entry(bytesOf(1, 8))).toBeUndefined()
  })

  it.each([2 ** 24, 2 ** 31])('with %i buckets, more than memory holds, is not walked', (buckets) => {
    const { map } = make(4, {}, (guest, { address }) =>
      guest.objects.set('bpf_htab', address, { n_buckets: buckets }),
    )
    expect(read(map)).toEqual({
      entries: [],
      problems: [`map: it claims ${buckets} buckets, more than memory holds`],
    })
  })

  it('that promises 2^32 - 1 entries gives those that are there', () => {
    const { map, entries } = make(12, { maxEntries: 0xffffffff })
    const found = read(map)
    expect(found.problems).toEqual([])
    expect(sorted(found.entries)).toEqual(sorted(pairsOf(entries)))
  })

  it('that holds more entries than it may ends, and says so', () => {
    const { map } = make(30, { buckets: 4, maxEntries: 10 })
    const { entries, problems } = read(map)
    expect(entries).toHaveLength(14)
    expect(problems).toEqual(['map: it holds more than 14 entries, its buckets are corrupt'])
  })

  it.each([
    { key_size: 0xffffffff },
    { value_size: 0xffffffff },
    { key_size: 0xffffffff, value_size: 0xffffffff },
  ])('with sizes that cannot be (%o) is refused', (members) => {
    const { map } = make(3, { members })
    expect(() => read(map)).toThrow(/the map claims keys of \d+ and values of \d+ bytes, which cannot be/)
  })

  it('whose table is elsewhere gives nothing and says so', () => {
    const { map } = make(3, {}, (guest, { address }) =>
      guest.objects.set('bpf_htab', address, { buckets: wild }),
    )
    expect(read(map)).toEqual({
      entries: [],
      problems: [expect.stringContaining('buckets 0 to 3: page not present')],
    })
  })

  it('of any pointers ends, and gives no more entries than it may hold', () => {
    const guest = new KernelGuest()
    const made = addHash(guest, { keySize: 8, valueSize: 8, maxEntries: 12, buckets: 4 }, entriesOf(12, 8, 8))
    const map = openMap(guest)
    const elements = made.chains.flat()
    const pointer = fc.oneof(
      fc.constantFrom(...elements),
      fc.constantFrom(0n, 1n, wild, wild + 4n, 0xfffffffffffffff8n, 2n ** 63n),
      fc.nat(5).map(nullsMarker),
    )
    fc.assert(
      fc.property(fc.array(pointer, { minLength: 16, maxLength: 16 }), (pointers) => {
        for (const [i, at] of [...made.buckets, ...elements].entries()) guest.u64(at, pointers[i] ?? 0n)
        const { entries, problems } = read(map)
        expect(entries.length).toBeLessThanOrEqual(12 + 2 * 2)
        const proper = pointers.slice(0, 4).every((head, bucket) => head === nullsMarker(bucket))
        if (proper) expect(problems).toEqual([])
        else if (entries.length === 0) expect(problems).not.toEqual([])
        map.entry(elementsKey(guest, elements[0] ?? 0n))
      }),
      { numRuns: 200 },
    )
  })
})

function elementsKey(guest: KernelGuest, element: bigint): Uint8Array {
  return guest.bytesAt(element + BigInt(guest.objects.offsetOf('htab_elem', 'key')), 8)
}

it('the reference hash spreads keys over buckets, so that these tests see collisions and empty buckets', () => {
  const buckets = entriesOf(100, 8, 8).map(({ key }) => referenceJhash(key, 0x1234567) & 63)
  expect(new Set(buckets).size).toBeGreaterThan(30)
  expect(new Set(buckets).size).toBeLessThan(64)
})
