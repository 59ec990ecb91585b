import { describe, expect, it } from 'vitest'
import type { AllocatorVariable } from '../../../src/bpf/allocators/reading.js'
import { bumpReader, staticRegionReader } from '../../../src/bpf/allocators/static-region.js'
import type { ArenaReader } from '../../../src/bpf/arena/reader.js'
import { Problems } from '../../../src/problems.js'

const base = 0x1000_0000_0000n

/** An arena of 16 pages in which some words are set, and a variable with these members. */
function read(
  reader: typeof bumpReader,
  members: Readonly<Record<string, number | bigint>>,
  words: Readonly<Record<number, bigint>> = {},
) {
  const arena = {
    pages: { length: 16 },
    window: {
      length: 65536,
      u64: (place: number) => (place in words ? words[place] : undefined),
      placeOf: (address: bigint) =>
        address >= base && address < base + 65536n ? Number(address - base) : -1,
      reason: (place: number, length: number) => `no ${length} bytes at ${place}`,
    },
  } as unknown as ArenaReader
  const value = (...paths: string[]) =>
    BigInt(paths.map((path) => members[path]).find((found) => found !== undefined) ?? 0)
  const variable = {
    reader: {
      integer: value,
      pointer: value,
      has: (name: string) => `${name}[0]` in members,
      layout: { sizeOf: () => 4 * 8 },
    },
  } as unknown as AllocatorVariable
  const problems = new Problems()
  const { regions, state } = reader.read(arena, variable, problems)
  return {
    regions: regions.map(({ name, place, length, used }) => [name, place, length, used]),
    state,
    said: problems.sentences,
  }
}

describe('a static region', () => {
  const fixed = (members: object) =>
    read(staticRegionReader, { memory: base + 4096n, max_alloc_bytes: 8192, off: 32, ...members })
  const region = (length: number, used: number) => [['region', 4096, length, used]]

  it('is used up to its offset', () => {
    expect(fixed({})).toEqual({
      regions: region(8192, 32),
      state: { regionSize: 8192, used: 32, initialized: true },
      said: [],
    })
    expect(fixed({ off: 8192 }).regions).toEqual(region(8192, 8192))
    expect(fixed({ max_alloc_bytes: 65536 }).regions).toEqual(region(65536, 32))
  })

  it('is none before there is memory, and not said to be what it cannot be', () => {
    expect(fixed({ memory: 0n })).toMatchObject({ regions: [], state: { initialized: false }, said: [] })
    expect(fixed({ memory: 5n })).toMatchObject({
      regions: [],
      state: { initialized: true },
      said: ['memory: 0x5 leads out of the arena'],
    })
    expect(fixed({ off: 8193 })).toMatchObject({
      regions: [],
      said: ['off: 8193 of 8192 bytes are handed out, which cannot be'],
    })
    expect(fixed({ max_alloc_bytes: 65537 })).toMatchObject({
      regions: [],
      said: ['off: 32 of 65537 bytes are handed out, which cannot be'],
    })
  })
})

describe('a bump allocator', () => {
  const size = 8192
  const bump = (members: object, words: Readonly<Record<number, bigint>> = { 4096: 0n }) =>
    read(
      bumpReader,
      {
        memory: base + 4096n,
        max_contig_bytes: size,
        off: 100,
        lim_memusage: 65536,
        cur_memusage: size,
        ...members,
      },
      words,
    )
  const newest = ['newest region', 4096 + 8, size - 8, 92]
  const older = (place: number) => ['older region', place + 8, size - 8, size - 8]

  it('has a region behind its link', () => {
    expect(bump({})).toEqual({
      regions: [newest],
      state: { regionSize: size, used: 100, memoryUsage: size, memoryLimit: 65536, initialized: true },
      said: [],
    })
    expect(bump({ off: 3 }).regions).toEqual([['newest region', 4104, size - 8, 0]])
    expect(bump({ off: size }).regions).toEqual([['newest region', 4104, size - 8, size - 8]])
  })

  it('keeps older ones by their links, as many as it counts', () => {
    const words = { 4096: base + 16384n, 16384: base + 32768n, 32768: 0n }
    expect(bump({ cur_memusage: 3 * size }, words)).toMatchObject({
      regions: [newest, older(16384), older(32768)],
      said: [],
    })
    expect(bump({ cur_memusage: 2 * size }, words)).toMatchObject({
      regions: [newest, older(16384)],
      said: ['regions: there are more than the 2 that cur_memusage allows'],
    })
    expect(bump({ cur_memusage: 4 * size }, words).said).toEqual([
      'regions: 3 of 8192 bytes were found, cur_memusage is 32768',
    ])
  })

  it('ends where links lead nowhere', () => {
    const twice = { cur_memusage: 2 * size }
    expect(bump(twice, { 4096: 7n })).toMatchObject({
      regions: [newest],
      said: [
        'regions: link 0x7 leads out of the arena',
        'regions: 1 of 8192 bytes were found, cur_memusage is 16384',
      ],
    })
    expect(bump(twice, { 4096: base + 4096n }).said[0]).toBe('regions: links lead back to 0x100000001000')
    expect(bump(twice, {}).said[0]).toBe('regions: no 8 bytes at 4096')
    expect(bump(twice, { 4096: base + 16384n })).toMatchObject({
      regions: [newest, older(16384)],
      said: ['regions: no 8 bytes at 16384'],
    })
  })

  it('is not said to be what it cannot be', () => {
    const cannot = (members: object) => bump(members).said[0]
    expect(cannot({ memory: 5n })).toBe('memory: 0x5 leads out of the arena')
    expect(cannot({ max_contig_bytes: 0, off: 0 })).toBe('off: 0 of 0 bytes are handed out, which cannot be')
    expect(cannot({ max_contig_bytes: 65537 })).toContain('which cannot be')
    expect(cannot({ max_contig_bytes: 65536, cur_memusage: 65536 })).toBeUndefined()
    expect(cannot({ off: size + 1 })).toBe('off: 8193 of 8192 bytes are handed out, which cannot be')
    expect(cannot({ lim_memusage: size - 1 })).toBe('cur_memusage: is 8192, above its limit of 8191')
    expect(cannot({ lim_memusage: size })).toBeUndefined()
    expect(bump({ memory: 0n })).toMatchObject({ regions: [], state: { initialized: false }, said: [] })
  })

  it('of older releases has a ring of regions without links', () => {
    const ring = (past: readonly bigint[], count: number) =>
      bump(
        {
          cur_memusage: count * size,
          ...Object.fromEntries([0, 1, 2, 3].map((n) => [`past_allocs[${n}]`, past[n] ?? 0n])),
        },
        {},
      )
    const whole = (name: string, place: number, used: number) => [name, place, size, used]
    const first = whole('newest region', 4096, 100)
    expect(ring([base + 16384n, 0n, base + 4096n, base + 32768n], 3)).toMatchObject({
      regions: [first, whole('older region', 16384, size), whole('older region', 32768, size)],
      said: [],
    })
    expect(ring([base + 16384n, base + 32768n], 2)).toMatchObject({
      regions: [first, whole('older region', 16384, size)],
      said: [],
    })
    expect(ring([9n], 1)).toMatchObject({ regions: [first], said: [] })
    expect(ring([9n], 2).said).toEqual([
      'regions: 0x9 leads out of the arena',
      'regions: 1 of 8192 bytes were found, cur_memusage is 16384',
    ])
  })
})
