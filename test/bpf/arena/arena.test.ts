import { describe, expect, it } from 'vitest'
import { arenaOfMap } from '../../../src/bpf/arena/arenas.js'
import { isArenaPointer } from '../../../src/bpf/arena/context.js'
import { Btf } from '../../../src/btf/btf.js'
import type { PointerType } from '../../../src/btf/types.js'
import { problemText } from '../../../src/problems.js'
import { BtfBuilder } from '../../btf/builder.js'
import { ArenaGuest } from '../../support/arena-guest.js'

const userStart = 1n << 44n

describe('pages', () => {
  it('are found anywhere in 4 GiB, and agree with what the kernel counts and lists as free', () => {
    const test = new ArenaGuest()
    const mapped = [0, 1, 2, 700, 524_288, 2 ** 20 - 1]
    for (const page of mapped) test.mapPage(page)
    const { arena } = test.build()
    expect(arena.pages).toEqual(mapped)
    expect(arena.countedPages).toBe(mapped.length)
    expect(arena.allocatedPages).toBe(mapped.length)
    expect(arena.freeRanges).toHaveLength(3)
    expect(arena.problems).toEqual([])
    expect(arena.toJSON()).toMatchObject({
      id: 3,
      userStart: '0x100000000000',
      userEnd: '0x100100000000',
      kernelStart: '0xffffd90000009000',
      presentPages: 6,
      pages: [
        { first: 0, last: 2 },
        { first: 700, last: 700 },
        { first: 524_288, last: 524_288 },
        { first: 1_048_575, last: 1_048_575 },
      ],
    })
  })

  it('that are handed out without memory are told from free ones', () => {
    const test = new ArenaGuest({ free: [[20, 2 ** 20 - 1]] })
    test.mapPage(0)
    const { arena } = test.build()
    expect(arena.allocatedPages).toBe(20)
    expect(arena.describe(userStart).page).toBe('present')
    expect(arena.describe(userStart + 5n * 4096n).page).toBe('absent')
    expect(arena.describe(userStart + 30n * 4096n).page).toBe('free')
  })

  it('are not counted by free ranges of which some cannot be', () => {
    const test = new ArenaGuest({
      free: [
        [1, 9],
        [5, 12],
        [12, 13],
        [30, 20],
        [40, 2 ** 21],
      ],
    })
    test.mapPage(0)
    const { arena } = test.build()
    expect(arena.freeRanges).toBeUndefined()
    expect(arena.allocatedPages).toBeUndefined()
    expect(arena.problems.filter(({ where }) => where === 'free ranges')).toHaveLength(3)
  })

  it('do not count the scratch page of the kernel', () => {
    const test = new ArenaGuest({ countedPages: 2 })
    test.pages(2, 0)
    const frame = test.guest.frame()
    test.guest.map(test.kernelAddress(9 * 4096), frame)
    const memoryMap = 0xffffea0000000000n
    test.guest.u64(test.guest.global('vmemmap_base', 8), memoryMap)
    const { arena, kernel } = test.build()
    const arenaAt = arena.info.address - BigInt(kernel.layouts.get('bpf_arena').offset('map'))
    test.guest.objects.set('bpf_arena', arenaAt, {
      scratch_page: memoryMap + BigInt((frame / 4096) * test.guest.objects.sizeOf('page')),
    })
    expect(arena.pages).toEqual([0, 1])
    expect(arena.scratchPages).toBe(1)
  })
})

describe('addresses', () => {
  it('are taken as user, low or kernel ones, and as nothing else', () => {
    const test = new ArenaGuest()
    test.pages(1, 4)
    test.u64(4 * 4096 + 8, 77n)
    const { arena } = test.build()
    const forms = [userStart + 0x4008n, 0x4008n, 0xffffd90000009000n + 0x4008n]
    expect(forms.map((address) => arena.describe(address).form)).toEqual(['user', 'low32', 'kernel'])
    for (const address of forms) expect(arena.at(address, 'unsigned long')).toBe(77n)
    expect(arena.window.formOf(0x8000n)).toBeUndefined()
    expect(arena.window.formOf(userStart + 2n ** 32n)).toBeUndefined()
    expect(() => arena.at(userStart - 8n, 'unsigned long')).toThrow(/is not in arena arena/)
    expect(arena.read(userStart + 0x4ffcn, 8)).toMatchObject({ ok: false, problem: { kind: 'not-present' } })
  })

  it('work where the window does not start at a multiple of 4 GiB', () => {
    const test = new ArenaGuest({ userStart: 0x7f00_1234_5000n, maxPages: 100 })
    const place = test.pages(1, 3)
    test.u64(place + 16, 5n)
    const { arena } = test.build()
    expect(arena.pages).toEqual([3])
    expect(arena.at(0x7f00_1234_8010n, 'unsigned long')).toBe(5n)
    expect(arena.problems).toEqual([])
    expect(arena.window.formOf(0x7f00_1234_4fffn)).toBeUndefined()
  })

  it('are refused where the arena has none yet, or crosses 4 GiB', () => {
    expect(new ArenaGuest({ userStart: 0n }).build().arena.problems.map(problemText).join()).toContain(
      'has no user address yet',
    )
    const crossing = new ArenaGuest({ userStart: 0x1fff_f000n + 2n ** 44n + 0xe000_0000n, maxPages: 4 })
    expect(crossing.build().arena.problems.map(problemText).join()).toContain('cross 4 GiB')
  })

  it('of low words are pointers only where the arena stores them so', () => {
    for (const [flags, expected] of [
      [1024, -1],
      [1024 | (1 << 18), 0x4008],
    ] as const) {
      const test = new ArenaGuest({ flags })
      test.pages(1, 4)
      const { arena } = test.build()
      expect(arena.window.likelyPlace(0x4008, 0)).toBe(expected)
    }
  })

  it('tell arena pointers by their tags', () => {
    const b = new BtfBuilder()
    const int = b.int('int', 4, { signed: true })
    const tagged = b.pointer(b.const(b.typeTag('address_space(1)', int)))
    const plain = b.pointer(b.typeTag('user', int))
    const btf = Btf.parse(b.build())
    expect(isArenaPointer(btf.type(tagged) as PointerType)).toBe(true)
    expect(isArenaPointer(btf.type(plain) as PointerType)).toBe(false)
  })
})

describe('globals', () => {
  const variables = { counter: 'u64', first_cpu: 'toCpu' }

  it('are at the start where a program loads addresses there', () => {
    const test = new ArenaGuest({ constants: [0x1122334455667788n, userStart + 8n] })
    test.pages(1, 0)
    test.mapPage(2 ** 20 - 1)
    test.arenaSection(variables, 0)
    test.u64(0, 42n)
    const { arena } = test.build()
    expect(arena.globals).toMatchObject({ counter: 42n })
    expect(arena.globalSections[0]?.evidence).toMatch(
      /at the start .* test_program \(id 5\) loads 0x100000000008, first_cpu/,
    )
    expect(arena.describe(userStart + 12n).text).toBe('first_cpu+0x4')
  })

  it('are at the end where a program loads addresses there', () => {
    const end = (2 ** 20 - 1) * 4096
    const test = new ArenaGuest({ constants: [userStart + BigInt(end)] })
    test.pages(1, 0)
    test.mapPage(2 ** 20 - 1)
    test.arenaSection(variables, end)
    test.u64(end, 43n)
    const { arena } = test.build()
    expect(arena.globals).toMatchObject({ counter: 43n })
    expect(arena.globalSections[0]?.evidence).toContain('at the end')
  })

  it('are where pages are, when no program loads them, and nowhere when that does not tell', () => {
    const one = new ArenaGuest()
    one.mapPage(2 ** 20 - 1)
    one.arenaSection(variables, (2 ** 20 - 1) * 4096)
    expect(one.build().arena.globalSections[0]?.evidence).toContain('only the last pages are there')
    const both = new ArenaGuest()
    both.mapPage(0)
    both.mapPage(2 ** 20 - 1)
    both.arenaSection(variables, 0)
    const { arena } = both.build()
    expect(arena.globals).toBeUndefined()
    expect(arena.problems.map(problemText).join()).toContain('no program loads their address, and both')
  })

  it('hold pointers that follow into the arena, and belong to maps of the same program', () => {
    const test = new ArenaGuest({ constants: [userStart] })
    test.pages(1, 0)
    test.arenaSection(variables, 0)
    test.section('.bss', { cpu: 'toCpu' })
    const cpu = test.pages(1)
    test.pointer(8, cpu)
    test.set('cpu_ctx', cpu, { cpu: 3, load: 9 })
    const { arena, maps } = test.build()
    expect(arena.globals).toMatchObject({ first_cpu: { load: 9 } })
    const bss = maps.find(({ name }) => name === 'test.bss')
    expect(bss && arenaOfMap([arena], bss)).toBe(arena)
  })
})
