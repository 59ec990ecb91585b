import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Allocator } from '../../../src/bpf/allocators/allocator.js'
import { whole } from '../../../src/problems.js'
import { ArenaGuest } from '../../support/arena-guest.js'

const why = (allocator: Allocator): string =>
  allocator.problems.map((problem) => `${problem.where}: ${problem.why}`).join('\n')

function withVariable(name: string, type: string, section = '.bss') {
  const test = new ArenaGuest()
  const variable = test.section(section, { [name]: type })[name]
  if (variable === undefined) throw new Error('no variable')
  return { test, at: variable.at }
}

describe('scx_static', () => {
  it('is the used part of its region, with the objects that typed pointers lead to', () => {
    const test = new ArenaGuest()
    const { scx_static, first_cpu } = test.section('.bss', { scx_static: 'scx_static', first_cpu: 'toCpu' })
    const region = test.pages(2)
    test.setAt('scx_static', scx_static?.at ?? 0n, {
      max_alloc_bytes: 8192,
      memory: test.user(region),
      off: 32,
    })
    test.guest.u64(first_cpu?.at ?? 0n, test.user(region))
    test.set('cpu_ctx', region, { cpu: 0, load: 5, next: test.user(region + 16) })
    test.set('cpu_ctx', region + 16, { cpu: 1, load: 6 })
    const allocator = test.allocator('scx_static')
    expect(JSON.parse(JSON.stringify(allocator))).toMatchObject({
      regions: [{ size: 8192, used: 32 }],
      objects: [
        { type: 'struct cpu_ctx', certainty: 'exact', from: 'first_cpu', value: { cpu: 0, load: 5 } },
        {
          type: 'struct cpu_ctx',
          certainty: 'exact',
          from: 'scx_static struct cpu_ctx+0x8',
          value: { cpu: 1, load: 6 },
        },
      ],
      problems: [],
    })
    const { arena } = test.build()
    expect(arena.describe(test.user(region + 20)).text).toBe('scx_static+0x10.load')
    expect(arena.describe(test.user(region + 64)).object?.state).toBe('free')
    expect([0, 15, 16, 31, 32].map((at) => arena.describe(test.user(region + at)).text)).toEqual([
      'scx_static',
      'scx_static.next+7',
      'scx_static+0x10',
      'scx_static+0x10.next+7',
      'scx_static+0x20',
    ])
  })

  it('refuses sizes that cannot be', () => {
    const { test, at } = withVariable('scx_static', 'scx_static')
    const region = test.pages(1)
    test.setAt('scx_static', at, { max_alloc_bytes: 4096, memory: test.user(region), off: 5000 })
    const allocator = test.allocator('scx_static')
    expect(allocator.reading.regions).toEqual([])
    expect(why(allocator)).toContain('5000 of 4096 bytes')
  })

  it('refuses memory outside the arena', () => {
    const { test, at } = withVariable('scx_static', 'scx_static')
    test.setAt('scx_static', at, { max_alloc_bytes: 4096, memory: 0xdeadbeef000n, off: 8 })
    expect(why(test.allocator('scx_static'))).toContain('leads out of the arena')
  })
})

describe('bump', () => {
  function regions(count: number) {
    const made = withVariable('bump', 'bump', '.data.STATIC')
    const places = Array.from({ length: count }, () => made.test.pages(2))
    for (const [i, place] of places.entries()) if (i > 0) made.test.pointer(place, places[i - 1] as number)
    made.test.setAt('bump', made.at, {
      max_contig_bytes: 8192,
      memory: made.test.user(places.at(-1) as number),
      off: 100,
      lim_memusage: 2 ** 20,
      cur_memusage: count * 8192,
    })
    return { ...made, places }
  }

  it('keeps all regions by their links', () => {
    const { test, places } = regions(3)
    const allocator = test.allocator('bump')
    expect(why(allocator)).toBe('')
    expect(allocator.reading.regions.map(({ place, used }) => [place, used])).toEqual([
      [(places[2] as number) + 8, 92],
      [(places[1] as number) + 8, 8184],
      [(places[0] as number) + 8, 8184],
    ])
  })

  it('ends where links lead in a circle, or beyond what is counted', () => {
    const circle = regions(3)
    circle.test.pointer(circle.places[0] as number, circle.places[2] as number)
    expect(why(circle.test.allocator('bump'))).toContain('lead back')
    const long = regions(3)
    long.test.setAt('bump', long.at, { cur_memusage: 8192 * 2 })
    expect(why(long.test.allocator('bump'))).toContain('more than the 2')
    const wild = regions(2)
    wild.test.u64(wild.places[0] as number, 0x123n << 40n)
    expect(why(wild.test.allocator('bump'))).toContain('leads out of the arena')
  })
})

describe('stack', () => {
  function stack(free: number, size = 128) {
    const made = withVariable('tasks', 'stk')
    const page = made.test.pages(1)
    const segments = [made.test.pages(1), made.test.pages(1)] as const
    made.test.pointer(segments[0] + 4088, segments[1])
    made.test.pointer(segments[1] + 4080, segments[0])
    for (let i = 0; i < free; i++) made.test.pointer(segments[0] + i * 8, page + i * 2 * size)
    made.test.setAt('stk', made.at, {
      first: made.test.user(segments[0]),
      last: made.test.user(segments[1]),
      current: made.test.user(segments[0]),
      cind: free,
      capacity: 1020,
      available: free,
      data_size: size,
      nr_pages_per_alloc: 1,
    })
    return { ...made, page, segments }
  }

  it('lists its free elements, and finds what is handed out on their pages', () => {
    const { test, page } = stack(5)
    const allocator = test.allocator('tasks')
    expect(why(allocator)).toBe('')
    expect([...allocator.allocations('free')].map(({ address }) => address)).toEqual(
      [0, 2, 4, 6, 8].map((i) => test.user(page + i * 128)),
    )
    expect(allocator.live).toHaveLength(27)
    expect(allocator.toJSON()).toMatchObject({ state: { available: 5, capacity: 1020, segments: 2 } })
  })

  it('says where counts, links and elements are wrong', () => {
    const { test, at, segments } = stack(5)
    test.setAt('stk', at, { available: 9 })
    test.u64(segments[0] + 8, 0)
    test.pointer(segments[1] + 4088, segments[0])
    const text = why(test.allocator('tasks'))
    expect(text).toContain('4 free elements were found, 9 are counted')
    expect(text).toContain('element 1')
    expect(text).toContain('links lead in a circle')
  })

  it.each([{ data_size: 0xffff_ffffn }, { cind: 511n }, { current: 0n }, { first: 0x99n << 40n }])(
    'does not walk what cannot be: %o',
    (members) => {
      const { test, at } = stack(5)
      test.setAt('stk', at, members as Record<string, bigint>)
      expect(why(test.allocator('tasks'))).not.toBe('')
    },
  )
})

describe('buddy', () => {
  const items = 65536

  /** One chunk: its tables, two live blocks of 32 and 64 bytes, and free ones behind. */
  function chunk() {
    const made = withVariable('heap', 'buddy')
    const place = made.test.pages(256, 256)
    const orders = new Uint8Array(32768)
    const allocated = new Uint8Array(8192)
    const put = (item: number, order: number, live: boolean): void => {
      const byte = item >> 1
      const old = orders[byte] as number
      orders[byte] = item % 2 === 0 ? (old & 15) | (order << 4) : (old & 0xf0) | order
      if (live) allocated[item >> 3] = (allocated[item >> 3] as number) | (1 << (item & 7))
    }
    // The tables take 41104 bytes: a block of 64 KiB.
    put(0, 12, true)
    put(4096, 1, true)
    put(4098, 1, false)
    put(4100, 2, true)
    put(4104, 3, false)
    const free = new Map([
      [1, 4098],
      [3, 4104],
    ])
    for (let order = 4; order <= 15; order++) {
      const item = 4096 + 2 ** order
      if (order < 12) {
        put(item, order, false)
        free.set(order, item)
      }
    }
    for (const order of [13, 14, 15]) {
      put(2 ** order, order, false)
      free.set(order, 2 ** order)
    }
    made.test.guest.write(made.test.kernelAddress(place), orders)
    made.test.guest.write(made.test.kernelAddress(place + 32768), allocated)
    for (let order = 0; order < 16; order++)
      made.test.u64(place + 40960 + order * 8, free.get(order) ?? items)
    for (const item of free.values()) {
      made.test.u32(place + item * 16 + 8, items)
      made.test.u32(place + item * 16 + 12, items)
    }
    made.test.setAt('buddy', made.at, { first_chunk: made.test.user(place) })
    return { ...made, place, free }
  }

  it('is read block by block, its own tables told apart', () => {
    const { test, place } = chunk()
    const allocator = test.allocator('heap')
    expect(why(allocator)).toBe('')
    expect(allocator.live.map(({ address, size }) => [address, size])).toEqual([
      [test.user(place + 4096 * 16), 32],
      [test.user(place + 4100 * 16), 64],
    ])
    const bytes = [...allocator.allocations()].reduce((sum, { size }) => sum + size, 0)
    expect(bytes).toBe(2 ** 20)
    expect(allocator.reading.slots.count('reserved')).toEqual(whole(1))
  })

  it('says where free lists and blocks disagree, and ends their circles', () => {
    const { test, place, free } = chunk()
    test.u32(place + (free.get(3) as number) * 16 + 12, free.get(3) as number)
    test.u64(place + 40960 + 8, 4100)
    test.u64(place + 40960 + 4 * 8, 2 ** 40)
    const text = why(test.allocator('heap'))
    expect(text).toContain('free list 3 comes back to item 4104')
    expect(text).toContain('free list 1 has item 4100, which is no free block of that order')
    expect(text).toContain('free list 4 leads to item')
    expect(text).toContain('are in no free list')
  })

  it('has blocks of one item, at even places and at odd ones', () => {
    const { test, place, free } = chunk()
    // Items 4098 and 4099, which were one free block of order 1.
    test.guest.write(test.kernelAddress(place + 4098 / 2), Uint8Array.of(0x00))
    test.guest.write(test.kernelAddress(place + 32768 + (4098 >> 3)), Uint8Array.of(0b0001_1001))
    test.u64(place + 40960 + 8, items)
    const allocator = test.allocator('heap')
    expect(why(allocator)).toBe(
      `chunk 0x${test.user(place).toString(16)}: 1 of ${free.size} free blocks are in no free list`,
    )
    const near = [...allocator.allocations()].filter(({ size }) => size <= 32)
    expect(near.map(({ address, size, state }) => [address, size, state])).toEqual([
      [test.user(place + 4096 * 16), 32, 'live'],
      [test.user(place + 4098 * 16), 16, 'free'],
      [test.user(place + 4099 * 16), 16, 'live'],
    ])
  })

  it('ends at blocks and links that cannot be', () => {
    const { test, place } = chunk()
    test.guest.write(test.kernelAddress(place + 2049), Uint8Array.of(0xff))
    test.pointer(place + 40960 + 16 * 8 + 8, place)
    const allocator = test.allocator('heap')
    expect(why(allocator)).toContain('has order 15, which cannot be')
    expect(why(allocator)).toContain('leads back')
    expect(allocator.live).toHaveLength(1)
  })
})

describe('page fragments', () => {
  it('are an allocator only where both of its variables are', () => {
    for (const name of ['page_frag_cur_page', 'page_frag_cur_offset']) {
      const test = new ArenaGuest({ constants: [1n << 44n] })
      test.pages(1, 0)
      test.arenaSection({ [name]: 'pointers' }, 0)
      const { arena } = test.build()
      expect([arena.allocators, arena.problems]).toEqual([[], []])
    }
  })

  function fragments() {
    const test = new ArenaGuest({ constants: [1n << 44n] })
    test.pages(1, 0)
    test.arenaSection({ page_frag_cur_page: 'pointers', page_frag_cur_offset: 'offsets' }, 0)
    const page = test.pages(1)
    test.pointer(16, page)
    test.u32(32 + 8, 4000)
    test.u64(page + 4088, 3)
    return { test, page }
  }

  it('are what each CPU handed out of its page', () => {
    const { test, page } = fragments()
    const allocator = test.allocator('page_frag')
    expect(why(allocator)).toBe('')
    expect(allocator.toJSON()).toMatchObject({
      kind: 'page_frag',
      state: { cpus: [{ cpu: 2, page: `0x${test.user(page).toString(16)}`, offset: 4000, liveObjects: 3 }] },
      regions: [{ used: 88 }],
    })
  })

  it('refuse offsets that cannot be', () => {
    const { test } = fragments()
    test.u32(32 + 8, 5000)
    expect(why(test.allocator('page_frag'))).toContain('offset 5000 cannot be')
  })
})

describe('ruined memory', () => {
  const start = 8 * 4096
  const words = 6 * 512
  const word = fc.oneof(
    {
      weight: 3,
      arbitrary: fc.integer({ min: 0, max: words }).map((at) => (1n << 44n) + BigInt(start + at * 8)),
    },
    { weight: 1, arbitrary: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }) },
    { weight: 2, arbitrary: fc.integer({ min: 0, max: 8192 }).map(BigInt) },
  )

  it.each(['scx_static', 'bump', 'stk', 'buddy', 'scx_allocator'])(
    'of a %s never crashes the walk, and never takes long',
    (type) => {
      fc.assert(
        fc.property(
          fc.array(word, { minLength: 12, maxLength: 12 }),
          fc.array(fc.tuple(fc.integer({ min: 0, max: words - 1 }), word), { maxLength: 200 }),
          (members, writes) => {
            const { test, at } = withVariable('it', type)
            // A chunk of a buddy must be aligned: its pages from 1 MiB on are there, too.
            test.pages(6, 8)
            test.pages(11, 256)
            for (const [i, value] of members.entries()) {
              if (i * 8 < (test.types.findStruct(type)?.size ?? 0)) test.guest.u64(at + BigInt(i * 8), value)
            }
            if (type === 'buddy' && (members[3] ?? 0n) % 2n === 0n) {
              test.setAt('buddy', at, { first_chunk: test.user(256 * 4096) })
            }
            for (const [i, value] of writes) test.u64(i % 2 === 0 ? start + i * 8 : 256 * 4096 + i * 8, value)
            for (const allocator of test.build().arena.allocators) {
              JSON.stringify(allocator)
              for (const text of allocator.json()) JSON.parse(text)
            }
          },
        ),
        { numRuns: 10 },
      )
    },
  )
})
