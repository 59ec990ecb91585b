import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Allocator } from '../../../src/bpf/allocators/allocator.js'
import { SlotIndex, Slots } from '../../../src/bpf/allocators/slots.js'
import { Problems } from '../../../src/problems.js'
import { ArenaGuest } from '../../support/arena-guest.js'
import { type ElementSpec, writeSdtTree } from '../../support/sdt-tree.js'

const outside = 0xdeadbeef000n
const hex = (value: bigint): string => `0x${value.toString(16)}`
const said = (allocator: Allocator): string[] =>
  allocator.problems.map(({ where, why }) => `${where}: ${why}`)
const stateOf = (allocator: Allocator) => (JSON.parse(JSON.stringify(allocator)) as { state: unknown }).state

function withVariable(name: string, type: string) {
  const test = new ArenaGuest()
  const at = test.section('.bss', { [name]: type })[name]?.at ?? 0n
  return { test, at }
}

describe('scx_static', () => {
  const read = (members: (region: bigint) => Readonly<Record<string, number | bigint>>) => {
    const { test, at } = withVariable('it', 'scx_static')
    const region = test.pages(1)
    test.setAt('scx_static', at, members(test.user(region)))
    return test.allocator('it')
  }

  it('may be used to its last byte, and not before it has memory', () => {
    const full = read((memory) => ({ max_alloc_bytes: 4096, memory, off: 4096 }))
    expect([said(full), full.reading.regions]).toEqual([
      [],
      [expect.objectContaining({ length: 4096, used: 4096 })],
    ])
    const none = read(() => ({ max_alloc_bytes: 0, off: 5 }))
    expect([said(none), none.reading.regions, stateOf(none)]).toEqual([
      [],
      [],
      { regionSize: 0, used: 5, initialized: false },
    ])
    expect(said(read(() => ({ memory: outside })))).toEqual([
      `memory: ${hex(outside)} leads out of the arena`,
    ])
    expect(said(read((memory) => ({ max_alloc_bytes: 4095, memory, off: 4096 })))).toEqual([
      'off: 4096 of 4095 bytes are handed out, which cannot be',
    ])
  })

  it('is no larger than its arena', () => {
    expect(said(read((memory) => ({ max_alloc_bytes: 2 ** 32, memory })))).toEqual([])
    expect(said(read((memory) => ({ max_alloc_bytes: 2 ** 32 + 1, memory })))).toEqual([
      'off: 0 of 4294967297 bytes are handed out, which cannot be',
    ])
  })
})

describe('bump', () => {
  const read = (members: (region: bigint) => Readonly<Record<string, number | bigint>>) => {
    const { test, at } = withVariable('it', 'bump')
    const region = test.pages(2)
    test.setAt('bump', at, {
      max_contig_bytes: 8192,
      memory: test.user(region),
      lim_memusage: 8192,
      cur_memusage: 8192,
      ...members(test.user(region)),
    })
    return { allocator: test.allocator('it'), region }
  }

  it('hands out what lies behind the link of its region', () => {
    const { allocator, region } = read(() => ({ off: 8192 }))
    expect(said(allocator)).toEqual([])
    expect(allocator.reading.regions).toEqual([
      { name: 'newest region', place: region + 8, length: 8184, used: 8184 },
    ])
    // Less than the link is none.
    expect(read(() => ({ off: 3 })).allocator.reading.regions[0]?.used).toBe(0)
    expect(read(() => ({ off: 9 })).allocator.reading.regions[0]?.used).toBe(1)
  })

  it('says where its counts and limits do not fit', () => {
    expect(said(read(() => ({ cur_memusage: 16_384, lim_memusage: 16_383 })).allocator)).toEqual([
      'regions: 1 of 8192 bytes were found, cur_memusage is 16384',
      'cur_memusage: is 16384, above its limit of 16383',
    ])
    expect(said(read(() => ({ off: 8193 })).allocator)).toEqual([
      'off: 8193 of 8192 bytes are handed out, which cannot be',
    ])
    expect(said(read(() => ({ max_contig_bytes: 0 })).allocator)).toEqual([
      'off: 0 of 0 bytes are handed out, which cannot be',
    ])
    expect(said(read(() => ({ memory: outside })).allocator)).toEqual([
      `memory: ${hex(outside)} leads out of the arena`,
    ])
    const none = read(() => ({ memory: 0, cur_memusage: 0 })).allocator
    expect([said(none), stateOf(none)]).toEqual([
      [],
      { regionSize: 8192, used: 0, memoryUsage: 0, memoryLimit: 8192, initialized: false },
    ])
  })
})

describe('stack', () => {
  /** Two segments; elements of a page of 32. */
  function stack(members: Readonly<Record<string, number | bigint>> = {}, free: readonly number[] = [0, 2]) {
    const { test, at } = withVariable('it', 'stk')
    const page = test.pages(4)
    const [first, second] = [test.pages(1), test.pages(1)] as const
    test.pointer(first + 4088, second)
    test.pointer(second + 4080, first)
    for (const [i, element] of free.entries()) test.pointer(first + i * 8, page + element * 128)
    test.setAt('stk', at, {
      first: test.user(first),
      last: test.user(second),
      current: test.user(first),
      cind: free.length,
      capacity: 510,
      available: free.length,
      data_size: 128,
      nr_pages_per_alloc: 1,
      ...members,
    })
    return { test, page, first, second, at }
  }
  const of = (members: Readonly<Record<string, number | bigint>>) => said(stack(members).test.allocator('it'))

  it('has elements that fit its allocations, and segments with as many', () => {
    const cannot = (size: number, count: number) => [
      `stack: elements of ${size} bytes and ${count} in a segment of 510 cannot be`,
    ]
    expect(of({ data_size: 4096 })).toEqual([])
    expect(of({ data_size: 4097 })).toEqual(cannot(4097, 2))
    expect(of({ data_size: 8192, nr_pages_per_alloc: 2 })).toEqual([])
    expect(of({ data_size: 8 })).toEqual([])
    expect(of({ data_size: 7 })).toEqual(cannot(7, 2))
    expect(of({ cind: 511 })).toEqual(cannot(128, 511))
    // Not set up yet.
    expect(of({ data_size: 0 })).toEqual([])
  })

  it('has full segments before the current one, and empty ones behind', () => {
    const all = Array.from({ length: 510 }, () => 0)
    const full = stack({ cind: 510 }, all)
    expect(said(full.test.allocator('it'))).toEqual([])
    const { test, at, second, page } = stack({ cind: 1, available: 511 }, all)
    test.setAt('stk', at, { current: test.user(second) })
    test.pointer(second, page + 256)
    const allocator = test.allocator('it')
    expect(said(allocator)).toEqual([])
    expect([...allocator.allocations('free')].map(({ address }) => address)).toEqual([
      test.user(page),
      test.user(page + 256),
    ])
    expect(stateOf(allocator)).toEqual({
      elementSize: 128,
      capacity: 510,
      available: 511,
      pagesPerAllocation: 1,
      handedOutFound: 30,
      segments: 2,
    })
  })

  it('tells what is handed out by page: each element that wholly fits one', () => {
    const { test, page } = stack({ data_size: 1000 }, [0])
    const allocator = test.allocator('it')
    expect([...allocator.allocations()].map(({ address, state }) => [address, state])).toEqual([
      [test.user(page), 'free'],
      [test.user(page + 1000), 'live'],
      [test.user(page + 2000), 'live'],
      [test.user(page + 3000), 'live'],
    ])
  })

  it('tells nothing of what is handed out in runs of pages', () => {
    const { test, page } = stack({ data_size: 128, nr_pages_per_alloc: 2 }, [2, 0])
    const allocator = test.allocator('it')
    expect([...allocator.allocations()].map(({ address, state }) => [address, state])).toEqual([
      [test.user(page), 'free'],
      [test.user(page + 256), 'free'],
    ])
  })

  it('says which elements and links cannot be', () => {
    const { test, first } = stack()
    test.u64(first, 0n)
    test.u64(first + 8, outside)
    expect(said(test.allocator('it'))).toEqual([
      `segments: element 0 of ${hex(test.user(first))} is null`,
      `segments: element 1 of ${hex(test.user(first))} is outside the arena`,
      'segments: 0 free elements were found, 2 are counted',
    ])
    const gone = stack()
    gone.test.pointer(gone.first + 4088, 900 * 4096)
    expect(said(gone.test.allocator('it'))).toEqual([expect.stringMatching(/^segments: page not present/)])
    const wild = stack()
    wild.test.u64(wild.first + 4088, outside)
    expect(said(wild.test.allocator('it'))).toEqual(['segments: a link leads out of the arena'])
    const circle = stack()
    circle.test.pointer(circle.second + 4088, circle.first)
    expect(said(circle.test.allocator('it'))).toEqual(['segments: links lead in a circle'])
    const lost = stack({ current: 0n, available: 1020 })
    for (const segment of [lost.first, lost.second])
      for (let i = 0; i < 510; i++) lost.test.pointer(segment + i * 8, lost.page)
    expect(said(lost.test.allocator('it'))).toEqual(['segments: the current segment is in no list'])
    const only = stack({ current: 0n, available: 510 })
    for (let i = 0; i < 510; i++) only.test.pointer(only.first + i * 8, only.page)
    only.test.u64(only.first + 4088, 0n)
    expect(said(only.test.allocator('it'))).toEqual(['segments: the current segment is in no list'])
  })
})

describe('buddy', () => {
  it('has chunks where chunks can be, each once', () => {
    const chunks = (first: bigint) => {
      const { test, at } = withVariable('it', 'buddy')
      test.setAt('buddy', at, { first_chunk: first })
      return said(test.allocator('it'))
    }
    expect(chunks(0n)).toEqual([])
    expect(chunks(outside)).toEqual(['chunks: link 0 leads out of the arena'])
    expect(chunks((1n << 44n) + 4096n)).toEqual(['chunks: link 0 is where no chunk can be'])
    expect(chunks((1n << 44n) + (1n << 20n))[0]).toMatch(/^chunk 0x100000100000: page not present/)
  })

  it('counts the bytes that are handed out and that are free, and blocks that no list has', () => {
    const { test, at } = withVariable('it', 'buddy')
    const place = test.pages(16, 256)
    test.setAt('buddy', at, { first_chunk: test.user(place), vaddr: 0x1234n })
    const orders = Buffer.alloc(32_768)
    // Tables: 41104 bytes. 64 KiB of them, then 32 KiB free, 32 KiB live, then all larger halves free.
    const put = (item: number, order: number) => {
      const byte = item >> 1
      orders[byte] = (orders[byte] as number) | (item % 2 === 0 ? order << 4 : order)
    }
    put(0, 12)
    put(4096, 11)
    put(6144, 11)
    put(8192, 13)
    put(16_384, 14)
    put(32_768, 15)
    test.guest.write(test.kernelAddress(place), orders)
    const allocated = Buffer.alloc(8192)
    allocated[0] = 1
    allocated[6144 >> 3] = 1
    test.guest.write(test.kernelAddress(place + 32_768), allocated)
    for (let order = 0; order < 16; order++) test.u64(place + 40_960 + order * 8, 65_536)
    const allocator = test.allocator('it')
    const where = `chunk ${hex(test.user(place))}`
    expect(said(allocator)).toEqual([`${where}: 4 of 4 free blocks are in no free list`])
    expect(stateOf(allocator)).toEqual({
      chunks: 1,
      liveBytes: 2 ** 15,
      freeBytes: 2 ** 20 - 2 ** 16 - 2 ** 15,
      reservedAddress: '0x1234',
    })
    expect([...allocator.allocations()].map(({ index, size, state }) => [index, size, state])).toEqual([
      [65_536 * 1 + 0, 65_536, 'reserved'],
      [65_536 + 4096, 32_768, 'free'],
      [65_536 + 6144, 32_768, 'live'],
      [65_536 + 8192, 131_072, 'free'],
      [65_536 + 16_384, 262_144, 'free'],
      [65_536 + 32_768, 524_288, 'free'],
    ])
    // A list that leads to the last item and beyond.
    test.u64(place + 40_960, 65_537)
    expect(said(test.allocator('it'))).toContain(`${where}: free list 0 leads to item 65537`)
    // A block that is in the list of another order.
    test.u64(place + 40_960, 4096)
    expect(said(test.allocator('it'))).toContain(
      `${where}: free list 0 has item 4096, which is no free block of that order`,
    )
    // In its own list, whose next item is on a page that is not there.
    test.u64(place + 40_960, 65_536)
    test.u64(place + 40_960 + 13 * 8, 8192)
    const text = said(test.allocator('it'))
    expect(text.some((line) => line.startsWith(`${where}: free list 13: page not present`))).toBe(true)
    expect(text.at(-1)).toBe(`${where}: 3 of 4 free blocks are in no free list`)
  })
})

describe('page fragments', () => {
  function fragments(page: (test: ArenaGuest) => bigint, offset = 4088) {
    const test = new ArenaGuest({ constants: [1n << 44n] })
    test.pages(1, 0)
    test.arenaSection({ page_frag_cur_page: 'pointers', page_frag_cur_offset: 'offsets' }, 0)
    test.u64(0, page(test))
    test.u32(32, offset)
    return { test, allocator: test.allocator('page_frag') }
  }

  it('may be of any page, up to the counter of its objects', () => {
    const { test, allocator } = fragments((made) => made.user(0))
    expect(said(allocator)).toEqual([])
    expect(allocator.reading.regions).toEqual([{ name: 'page of CPU 0', place: 4088, length: 0, used: 0 }])
    expect(stateOf(allocator)).toEqual({
      cpus: [{ cpu: 0, page: hex(test.user(0)), offset: 4088, liveObjects: 0 }],
    })
  })

  it('cannot be of what is no page', () => {
    for (const page of [outside, (1n << 44n) + 8n])
      expect(said(fragments(() => page, 16).allocator)).toEqual([
        `cpu 0: page ${hex(page)} with offset 16 cannot be`,
      ])
    expect(said(fragments((made) => made.user(0), 4089).allocator)).toEqual([
      `cpu 0: page ${hex(1n << 44n)} with offset 4089 cannot be`,
    ])
  })

  it('are not known where a page of their variables is not there, which is said', () => {
    const test = new ArenaGuest({ constants: [1n << 44n] })
    test.pages(2, 0)
    // The pointers are the last words of the second page, the offsets the first of the third.
    const filler = [
      ['big_ctx'],
      Array(4).fill('scx_bitmap'),
      Array(14).fill('words'),
      ['cpu_ctx'],
    ].flat() as string[]
    const variables = test.arenaSection(
      {
        ...Object.fromEntries(filler.map((type, n) => [`filler_${n}`, type])),
        page_frag_cur_page: 'pointers',
        page_frag_cur_offset: 'offsets',
      },
      0,
    )
    expect(variables.page_frag_cur_offset?.place).toBe(8192)
    expect(said(test.allocator('page_frag'))).toEqual([
      `cpu 0: page not present at ${hex(test.kernelAddress(8192))} (pte)`,
    ])
  })

  it('have an unknown count where their page is not there', () => {
    const { allocator } = fragments((made) => made.user(0x5000), 0)
    expect(said(allocator)).toEqual([expect.stringMatching(/^cpu 0: page not present/)])
    expect(stateOf(allocator)).toMatchObject({ cpus: [{ liveObjects: null }] })
  })
})

describe('sdt trees', () => {
  function tree(specs: readonly ElementSpec[], elementSize = 48) {
    const { test, at } = withVariable('scx_task_allocator', 'scx_allocator')
    const made = writeSdtTree(test, at, elementSize, specs)
    const get = () => test.allocator('scx_task_allocator')
    return { test, at, ...made, get, said: () => said(get()) }
  }
  const where = (test: ArenaGuest, place: number, level: number) =>
    `descriptor ${hex(test.user(place))} on level ${level}`

  it('count what was read and what was left out', () => {
    const { test, get, chunks, said: saying } = tree([{ index: 0 }, { index: 600 }])
    expect(stateOf(get())).toEqual({
      elementSize: 48,
      initialized: true,
      poolElements: 2,
      poolTaken: 2,
      descriptors: 4,
      skippedSubtrees: 0,
    })
    test.u64((chunks.get('1/0') as number) + 8, outside)
    expect(saying()).toEqual([expect.stringMatching(/ on level 1: child 1 is outside the arena$/)])
    expect(stateOf(get())).toMatchObject({ descriptors: { atLeast: 3 }, skippedSubtrees: 1 })
    test.pointer((chunks.get('1/0') as number) + 8, 900 * 4096)
    expect(saying()).toEqual([expect.stringMatching(/ on level 2: page not present/)])
    expect(stateOf(get())).toMatchObject({ descriptors: { atLeast: 3 }, skippedSubtrees: 1 })
  })

  it('begin in the arena', () => {
    const { test, at, get, said: saying } = tree([{ index: 0 }])
    test.setAt('scx_allocator', at, { root: outside })
    expect(saying()).toEqual([`root: ${hex(outside)} leads out of the arena`])
    expect(stateOf(get())).toMatchObject({ initialized: true })
  })

  it('have elements of 16 bytes at least', () => {
    const cannot = (size: number) => [`pool: elements of ${size} bytes cannot be; the tree was not walked`]
    expect(tree([{ index: 0 }], 16).said()).toEqual([])
    expect(tree([{ index: 0 }], 15).said()).toEqual(cannot(15))
  })

  it('take as many elements of their pool as it has', () => {
    const { test, at, said: saying, get } = tree([{ index: 0 }])
    test.setAt('scx_allocator', at, { 'pool.idx': 4, 'pool.max_elems': 4 })
    expect(saying()).toEqual([])
    expect(get().reading.regions[0]).toMatchObject({ name: 'pool', length: 192 })
    test.setAt('scx_allocator', at, { 'pool.idx': 5 })
    expect(saying()).toEqual(['pool: 5 of 4 elements are taken, which cannot be'])
  })

  it('have descriptors with a count that can be, and a chunk', () => {
    const leafOf = () => {
      const made = tree([{ index: 0 }])
      const leaf = made.descriptors.get('2/0/0') as number
      return { ...made, leaf, at: where(made.test, leaf, 2) }
    }
    const over = leafOf()
    over.test.u64(over.leaf + 64, 513)
    expect(over.said()).toEqual([`${over.at}: nr_free is 513 of 512`])
    const wide = leafOf()
    wide.test.u64(wide.leaf + 64, (1n << 32n) + 511n)
    expect(wide.said()).toEqual([`${wide.at}: nr_free is ${(1n << 32n) + 511n} of 512`])
    const none = leafOf()
    none.test.u64(none.leaf + 72, 0n)
    expect(none.said()).toEqual([`${none.at}: it has no chunk`])
    const wild = leafOf()
    wild.test.u64(wild.leaf + 72, outside)
    expect(wild.said()).toEqual([`${wild.at}: its chunk is outside the arena`])
    const gone = leafOf()
    gone.test.pointer(gone.leaf + 72, 900 * 4096)
    expect(gone.said()).toEqual([expect.stringMatching(/: its chunk: page not present/)])
  })

  it('say where a bit and the child below it disagree', () => {
    const { test, descriptors, said: saying } = tree([{ index: 0 }])
    const middle = descriptors.get('1/0') as number
    test.u64(middle, 1)
    test.u64(middle + 64, 511)
    expect(saying()).toEqual([`${where(test, middle, 1)}: bit 0 says full, the child is not`])
    const full = tree(Array.from({ length: 512 }, (_, index) => ({ index })))
    expect(full.said()).toEqual([])
    const above = full.descriptors.get('1/0') as number
    full.test.u64(above, 0)
    full.test.u64(above + 64, 512)
    expect(full.said()).toEqual([`${where(full.test, above, 1)}: bit 0 says not full, the child is`])
  })

  it('say of elements that are outside, or free with a number', () => {
    const {
      test,
      chunks,
      elements,
      said: saying,
      get,
    } = tree([{ index: 0 }, { index: 1, state: 'recycled' }, { index: 2 }])
    test.u64((chunks.get('2/0/0') as number) + 16, outside)
    test.u32(elements.get(1) as number, 9)
    expect(saying()).toEqual([
      'element 1: is free, but its tid says 9',
      expect.stringMatching(/ on level 2: element 2 is outside the arena$/),
    ])
    expect([...get().allocations()].map(({ index, state }) => [index, state])).toEqual([
      [0, 'live'],
      [1, 'recycled'],
    ])
  })

  it('say of a free element whose page is not there only that', () => {
    const made = tree([{ index: 0 }, { index: 100, state: 'recycled' }], 4096)
    made.test.guest.unmap(made.test.kernelAddress(made.elements.get(100) as number))
    expect(made.said()).toEqual([expect.stringMatching(/^element 100: page not present/)])
    expect(made.get().at(100)).toMatchObject({ state: 'recycled', generation: undefined })
    expect(made.get().reading.slots.count('live')).toMatchObject({ whole: true })
  })
})

describe('the slot that covers a place', () => {
  const table = (...slots: readonly (readonly [place: number, size: number])[]) => {
    const made = new Slots(new Problems())
    for (const [n, [place, size]] of slots.entries()) made.add(n, place, size, 'live')
    return made
  }

  it('is found from its first byte to its last, among all tables', () => {
    const index = new SlotIndex([table([100, 8], [-1, 8], [40, 16]), table([0, 4], [56, 4])])
    const found = (place: number) => {
      const at = index.find(place)
      return at && [at.owner, at.slot]
    }
    expect([0, 3, 4, 39, 40, 55, 56, 59, 60, 99, 100, 107, 108, -1].map(found)).toEqual([
      [1, 0],
      [1, 0],
      undefined,
      undefined,
      [0, 2],
      [0, 2],
      [1, 1],
      [1, 1],
      undefined,
      undefined,
      [0, 0],
      [0, 0],
      undefined,
      undefined,
    ])
    expect(new SlotIndex([]).find(0)).toBeUndefined()
  })

  it('is the one that starts last where several overlap', () => {
    expect(new SlotIndex([table([0, 100], [10, 10])]).find(15)).toEqual({ owner: 0, slot: 1 })
    // Behind the inner one the outer one goes on.
    expect(new SlotIndex([table([0, 100], [10, 10])]).find(20)).toEqual({ owner: 0, slot: 0 })
    const place = fc.integer({ min: -1, max: 30 })
    const ranges = fc.array(fc.tuple(place, fc.integer({ min: 0, max: 20 })), { maxLength: 12 })
    fc.assert(
      fc.property(ranges, (all) => {
        const index = new SlotIndex([table(...all)])
        for (let at = 0; at < 60; at++) {
          const covering = all
            .map(([start, size], slot) => ({ start, size, slot }))
            .filter(({ start, size }) => start >= 0 && at >= start && at < start + size)
            .sort((a, b) => a.start - b.start || a.slot - b.slot)
          const last = covering.at(-1)
          expect(index.find(at)).toEqual(last === undefined ? undefined : { owner: 0, slot: last.slot })
        }
      }),
    )
  })
})
