import { describe, expect, it } from 'vitest'
import { buddyReader } from '../../../src/bpf/allocators/buddy.js'
import { radixTreeReader } from '../../../src/bpf/allocators/radix-tree.js'
import type { AllocatorVariable } from '../../../src/bpf/allocators/reading.js'
import { stackReader } from '../../../src/bpf/allocators/stack.js'
import type { ArenaReader } from '../../../src/bpf/arena/reader.js'
import { Btf } from '../../../src/btf/btf.js'
import { Problems } from '../../../src/problems.js'
import { BtfBuilder, type MemberSpec } from '../../btf/builder.js'
import { type Integers, integers } from '../../value/types.js'

type Make = (b: BtfBuilder, types: Integers) => readonly MemberSpec[]

/** What an allocator says whose own struct of that name has these members; nothing of its arena can be read. */
function said(
  reader: typeof buddyReader,
  struct: string,
  name: string,
  make: Make,
  size?: number,
): readonly string[] {
  const b = new BtfBuilder()
  b.struct(name, make(b, integers(b)), size)
  const arena = {
    pages: { length: 16 },
    window: {
      length: 2 ** 32,
      placeOf: () => 0,
      userAddress: (place: number) => BigInt(place),
      bytes: () => undefined,
      reason: (place: number, length: number) => `no ${length} bytes at ${place}`,
    },
  } as unknown as ArenaReader
  const variable = {
    struct,
    types: Btf.parse(b.build()),
    reader: { integer: () => 64n, number: () => 0, pointer: () => 1n, has: () => false },
  } as unknown as AllocatorVariable
  const problems = new Problems()
  reader.read(arena, variable, problems)
  return problems.sentences
}

describe('chunks of a buddy allocator', () => {
  const unknown = ['chunks: struct buddy_chunk has no bits of what is handed out, as far as its BTF says']

  interface Chunk {
    readonly orders?: number
    readonly allocated?: number
    readonly lists?: number
    readonly links?: number
    readonly size?: number
    readonly without?: string
    readonly last?: string
  }

  function chunk({ orders = 512, allocated = 128, lists = 8, links = 0, size, ...names }: Chunk = {}) {
    const { without = '', last = 'next' } = names
    const make: Make = (b, { u8, u64 }) =>
      [
        { name: 'orders', type: b.array(u8, orders) },
        { name: 'allocated', type: b.array(u8, allocated) },
        { name: 'freelists', type: b.array(u64, lists) },
        { name: 'pad', type: b.array(u64, links) },
        { name: 'next', type: b.pointer(0) },
      ]
        .filter(({ name }) => name !== without)
        .sort((x, y) => Number(x.name === last) - Number(y.name === last))
    return said(buddyReader, 'buddy', 'buddy_chunk', make, size)
  }
  const read = (bytes: number) => [`chunk 0x0: no ${bytes} bytes at 0`]

  it('are as large as their struct says', () => {
    expect(chunk()).toEqual(read(512 + 128 + 64 + 8))
    expect(chunk({ orders: 32_768, allocated: 8192, lists: 16 })).toEqual(read(32_768 + 8192 + 128 + 8))
    // More room than is used.
    expect(chunk({ allocated: 256 })).toEqual(read(512 + 256 + 64 + 8))
  })

  it('are not known without one of their tables', () => {
    for (const without of ['orders', 'allocated', 'freelists', 'next'])
      expect(chunk({ without })).toEqual(unknown)
  })

  it('have a power of two of items, 16 at least, and a bit for each', () => {
    expect(chunk({ orders: 8, allocated: 8, lists: 1 })).toEqual(read(32))
    expect(chunk({ orders: 4, allocated: 8, lists: 1 })).toEqual(unknown)
    expect(chunk({ orders: 384 })).toEqual(unknown)
    expect(chunk({ allocated: 127 })).toEqual(unknown)
    expect(chunk({ orders: 0 })).toEqual(unknown)
  })

  it('have one to 64 lists of free items', () => {
    expect(chunk({ lists: 1 })).toEqual(read(512 + 128 + 8 + 8))
    expect(chunk({ lists: 0 })).toEqual(unknown)
    expect(chunk({ lists: 64 })).toEqual(read(512 + 128 + 512 + 8))
    expect(chunk({ lists: 65 })).toEqual(unknown)
  })

  it('have their tables within their items, and their members within themselves', () => {
    // 1024 items of 16 bytes.
    const links = (16_384 - 512 - 128 - 64 - 8) / 8
    expect(chunk({ links })).toEqual(read(16_384))
    expect(chunk({ links: links + 1 })).toEqual(unknown)
    const whole = 512 + 128 + 64 + 8
    expect(chunk({ size: whole })).toEqual(read(whole))
    expect(chunk({ size: whole - 1 })).toEqual(unknown)
    // Each table in turn is the last: the link is not alone in having to fit.
    for (const last of ['orders', 'allocated', 'freelists']) {
      expect(chunk({ size: whole, last })).toEqual(read(whole))
      expect(chunk({ size: whole - 1, last })).toEqual(unknown)
    }
  })
})

describe('segments of a stack', () => {
  const unknown = ['stack: the BTF of the program does not say how its segments are laid out']
  const segment = (last: string, size?: number) =>
    said(
      stackReader,
      'stk',
      'stk_seg',
      (b, { u64 }) =>
        [
          { name: 'elems', type: b.array(u64, 70) },
          { name: 'next', type: b.pointer(0) },
        ].sort((x, y) => Number(x.name === last) - Number(y.name === last)),
      size,
    )

  it.each(['elems', 'next'])('have their members within themselves, with %s last', (last) => {
    expect(segment(last, 568)).toContain('segments: no 568 bytes at 0')
    expect(segment(last, 567)[0]).toBe(unknown[0])
    expect(segment(last, 4)[0]).toBe(unknown[0])
  })
})

describe('descriptors of an sdt tree', () => {
  const unknown = ['tree: the BTF of the program does not say how struct sdt_desc is laid out']

  function descriptor({
    bits = 64,
    without = '',
    size,
  }: {
    bits?: number
    without?: string
    size?: number
  } = {}) {
    const make: Make = (b, { u8, u64 }) =>
      [
        { name: 'allocated', type: b.array(u8, bits), offset: 0 },
        { name: 'nr_free', type: u64, offset: 512 },
        { name: 'chunk', type: b.pointer(0), offset: 520 },
      ].filter(({ name }) => name !== without)
    return said(radixTreeReader, 'scx_allocator', 'sdt_desc', make, size)
  }
  const read = (bytes: number) => [`descriptor 0x0 on level 0: no ${bytes} bytes at 0`]

  it('have a power of two of bits: 64 to 4096', () => {
    for (const bits of [8, 64, 512]) expect(descriptor({ bits, size: 528 })).toEqual(read(528))
    for (const bits of [0, 4, 12, 1024]) expect(descriptor({ bits, size: 2000 })).toEqual(unknown)
  })

  it('are not known without one of their members, or with one beyond their end', () => {
    for (const without of ['allocated', 'nr_free', 'chunk'])
      expect(descriptor({ without, size: 528 })).toEqual(unknown)
    expect(descriptor({ size: 527 })).toEqual(unknown)
    expect(descriptor({ size: 519 })).toEqual(unknown)
  })
})
