import { describe, expect, it } from 'vitest'
import type { Arena } from '../../../src/bpf/arena/arena.js'
import { listArenas } from '../../../src/bpf/arena/arenas.js'
import { beginsAt } from '../../../src/bpf/arena/begins-at.js'
import { listMaps } from '../../../src/bpf/map-info.js'
import { Btf } from '../../../src/btf/btf.js'
import type { CType, StructType } from '../../../src/btf/types.js'
import { Kernel } from '../../../src/kernel/kernel.js'
import { Problems } from '../../../src/problems.js'
import { BtfBuilder } from '../../btf/builder.js'
import { ArenaGuest } from '../../support/arena-guest.js'
import { HoledMemory } from '../../support/holed-memory.js'
import { addMap } from '../../support/map-objects.js'
import { writeSdtTree } from '../../support/sdt-tree.js'
import { integers } from '../../value/types.js'

const userStart = 1n << 44n

describe('what an address of an arena is', () => {
  it('is a page where nothing is known to lie', () => {
    const test = new ArenaGuest({ free: [[20, 2 ** 20 - 1]] })
    test.pages(1, 3)
    const { arena } = test.build()
    const text = (place: bigint) => arena.describe(userStart + place).text
    expect([text(0x3000n), text(0x3fffn), text(0x14000n)]).toEqual([
      'page 3+0x0',
      'page 3+0xfff',
      'page 20+0x0',
    ])
    const pages = [0x3000n, 0x4000n, 0x13fffn, 0x14000n].map(
      (place) => arena.describe(userStart + place).page,
    )
    expect(pages).toEqual(['present', 'absent', 'absent', 'free'])
    expect(arena.describe(0x3000n)).toMatchObject({
      form: 'low32',
      address: userStart + 0x3000n,
      object: undefined,
    })
    // A low word of a page that is not there.
    expect(arena.describe(0x5000n).form).toBe('low32')
    expect(arena.describe(arena.window.kernelAddress(0x3008)).form).toBe('kernel')
    expect([arena.isFree(0x13fff), arena.isFree(0x14000)]).toEqual([false, true])
  })

  it('counts pages from the start of the window', () => {
    const test = new ArenaGuest({ userStart: userStart + 0x10000n, maxPages: 8, free: [[5, 7]] })
    test.pages(2, 1)
    const { arena } = test.build()
    expect(arena.describe(userStart + 0x11008n).text).toBe('page 1+0x8')
    expect(arena.pages).toEqual([1, 2])
    expect([arena.isFree(0x14fff), arena.isFree(0x15000)]).toEqual([false, true])
    expect(arena.allocatedPages).toBe(5)
    expect(JSON.parse(JSON.stringify(arena)).pages).toEqual([{ first: 1, last: 2 }])
    expect(() => arena.read(userStart, 1)).toThrow(
      '0x100000000000 is not in arena arena, which is 0x100000010000 to 0x100000018000',
    )
  })

  it('is a global variable from its first byte to its last, and nothing between two', () => {
    const test = new ArenaGuest({ constants: [userStart] })
    test.pages(1, 0)
    test.arenaSection({ small: 'u32', counter: 'u64', first: 'toCpu' }, 0)
    const { arena } = test.build()
    const text = (place: number) => arena.describe(userStart + BigInt(place)).text
    expect([0, 3, 8, 15, 16, 23].map(text)).toEqual([
      'small',
      'small+0x3',
      'counter',
      'counter+0x7',
      'first',
      'first+0x7',
    ])
    // It has no header that could be taken for it.
    expect(arena.at(userStart + 8n, 'unsigned long')).toBe(0n)
    expect([4, 7, 24].map(text)).toEqual(['page 0+0x4', 'page 0+0x7', 'page 0+0x18'])
    expect(arena.describe(userStart + 9n).object).toMatchObject({
      name: 'counter',
      place: 8,
      size: 8,
      header: 0,
    })
  })

  it('is a member of an element, as far as its type goes', () => {
    const test = new ArenaGuest()
    const variables = test.section('.bss', { scx_task_allocator: 'scx_allocator', task: 'toTask' })
    const tree = writeSdtTree(test, variables.scx_task_allocator?.at ?? 0n, 48, [{ index: 3 }])
    const place = tree.elements.get(3) as number
    test.guest.u64(variables.task?.at ?? 0n, test.user(place + 8))
    const { arena } = test.build()
    const text = (offset: number) => arena.describe(test.user(place + offset)).text
    const name = 'scx_task_allocator[3]'
    expect([8, 12, 13, 28, 32, 33, 40, 47].map(text)).toEqual([
      name,
      `${name}.comm[0]`,
      `${name}.comm[1]`,
      expect.stringContaining(name),
      `${name}.cpu`,
      `${name}.cpu+1`,
      `${name}.peer`,
      `${name}.peer+7`,
    ])
    expect(text(7)).toBe(`${name}+0x7, its header; struct task_ctx begins at +0x8`)
    // A pointer to the element is the address of its header; of anything else in it that is no mistake.
    expect(() => arena.at(test.user(place), 'struct task_ctx')).toThrow('is the header of')
    expect(arena.at(test.user(place), 'struct cpu_ctx')).toMatchObject({ $type: 'struct cpu_ctx' })
    expect(arena.at(test.user(place + 8), 'struct task_ctx')).toMatchObject({ $type: 'struct task_ctx' })
    expect(arena.type('struct task_ctx').kind).toBe('struct')
    expect(() => arena.type('struct nowhere')).toThrow('nowhere')
  })
})

describe('names in an arena of which not all is known', () => {
  /** Its allocator has lost a leaf. */
  function lost() {
    const test = new ArenaGuest()
    const { scx_task_allocator: at } = test.section('.bss', { scx_task_allocator: 'scx_allocator' })
    const tree = writeSdtTree(test, at?.at ?? 0n, 48, [{ index: 0 }])
    test.u64((tree.descriptors.get('2/0/0') as number) + 72, 0n)
    return { test, tree, arena: test.build().arena }
  }
  const nameOf = (arena: Arena, address: bigint) => arena.context.symbolize(address)

  it('are those of what another allocator is known to hold', () => {
    const test = new ArenaGuest()
    const { scx_task_allocator: lost, cpu_allocator: whole } = test.section('.bss', {
      scx_task_allocator: 'scx_allocator',
      cpu_allocator: 'scx_allocator',
    })
    test.setAt('scx_allocator', lost?.at ?? 0n, { root: 0xdeadbeef000n, 'pool.elem_size': 24 })
    const tree = writeSdtTree(test, whole?.at ?? 0n, 1000, [{ index: 0 }])
    const { arena } = test.build()
    const place = test.user(tree.elements.get(0) as number)
    expect([0n, 8n, 16n].map((at) => nameOf(arena, place + at))).toEqual([
      'cpu_allocator[0]+0x0',
      'cpu_allocator[0]',
      'cpu_allocator[0]+0x10',
    ])
    expect(nameOf(arena, test.user(tree.root))).toBe(
      'cpu_allocator level 0 descriptor (allocator scx_task_allocator could not be read whole)',
    )
  })

  it('say which allocator could not be read whole', () => {
    const { test, tree, arena } = lost()
    const place = tree.elements.get(0) as number
    const why = 'allocator scx_task_allocator could not be read whole'
    expect(nameOf(arena, test.user(tree.root))).toBe(`scx_task_allocator level 0 descriptor (${why})`)
    // Of its pool it is known that it is the allocator's, and not what lies there.
    expect(nameOf(arena, test.user(place))).toBe(`scx_task_allocator pool (${why})`)
    expect(nameOf(arena, test.user(900 * 4096))).toBe(`unknown: ${why}`)
  })

  it('say which program could not be read', () => {
    const test = new ArenaGuest()
    test.section('.bss', { scx_task_allocator: 'scx_allocator' })
    test.guest.programs.set(6, 0xffff800000001000n)
    const { arena } = test.build()
    expect(nameOf(arena, test.user(900 * 4096))).toMatch(
      /^unknown: not all programs could be read: .*page not present/,
    )
    expect(arena.problems.map(({ where, why }) => `${where}: ${why}`)).toEqual([
      expect.stringMatching(/^programs: one that could not be read may use it, and know more of it: /),
    ])
  })

  it('are none where all is known', () => {
    const test = new ArenaGuest()
    test.section('.bss', { scx_task_allocator: 'scx_allocator' })
    const { arena } = test.build()
    expect(nameOf(arena, test.user(900 * 4096))).toBeUndefined()
  })
})

describe('the pages of an arena', () => {
  it('are at least so many where page tables are missing', () => {
    const test = new ArenaGuest()
    test.pages(2, 0)
    test.mapPage(2 ** 18)
    const { kernel } = test.build()
    // The table of the last one.
    const entry = test.guest.entryAt(test.kernelAddress(2 ** 18 * 4096), 0)
    const frame = Math.floor(entry / 4096)
    const holed = Kernel.find(new HoledMemory(test.guest.memory, (each) => each === frame))
    const [arena] = listArenas(holed, listMaps(holed, new Problems()), new Problems(), new Problems())
    expect(arena?.pages).toEqual([0, 1])
    expect(arena?.presentPages).toMatchObject({ whole: false, atLeast: 2 })
    expect(arena?.problems.map(({ where }) => where)).toContain('pages')
    expect(kernel).toBeDefined()
  })

  it('are all there are where nothing is missing, and none of them is the scratch page', () => {
    const test = new ArenaGuest()
    test.pages(2, 0)
    const memoryMap = 0xffffea0000000000n
    test.guest.u64(test.guest.global('vmemmap_base', 8), memoryMap)
    const { arena, kernel } = test.build()
    expect(arena.presentPages).toEqual({ whole: true, value: 2 })
    expect([arena.pages, arena.scratchPages]).toEqual([[0, 1], 0])
    const at = arena.info.address - BigInt(kernel.layouts.get('bpf_arena').offset('map'))
    // Below the memory map is no page.
    test.guest.objects.set('bpf_arena', at, { scratch_page: memoryMap - 64n })
    const [again] = listArenas(kernel, listMaps(kernel, new Problems()), new Problems(), new Problems())
    expect([again?.pages, again?.scratchPages]).toEqual([[0, 1], 0])
  })
})

describe('which arena a map belongs to', () => {
  it('is known of maps of its programs alone', () => {
    const test = new ArenaGuest()
    test.section('.bss', { word: 'u64' })
    const stranger = addMap(test.guest, 'array', 'bpf_array', { extra: 8 })
    const { arena, maps } = test.build()
    expect(
      maps.filter(({ address }) => arena.users.some((user) => user.maps.includes(address))),
    ).toHaveLength(2)
    expect(maps.map(({ address }) => address)).toContain(stranger)
  })
})

describe('a type begins', () => {
  const b = new BtfBuilder()
  const { u64 } = integers(b)
  const inner = b.struct('inner', [{ name: 'x', type: u64 }])
  const either = b.union('either', [
    { name: 'word', type: u64 },
    { name: 'inner', type: inner },
  ])
  const outer = b.struct('outer', [
    { name: 'first', type: u64 },
    { name: 'rows', type: b.array(inner, 3) },
    { name: 'either', type: either },
    { name: 'none', type: b.array(b.struct('none', []), 2) },
  ])
  const types = Btf.parse(b.build())
  const type = (id: number) => types.type(id) as CType
  const at = (of: number, offset: number, wanted: number) =>
    beginsAt(type(of) as StructType, offset, type(wanted))

  it('where it is declared, in arrays and unions too', () => {
    const begins = (wanted: number) =>
      [0, 4, 8, 16, 24, 32, 40, -8].filter((offset) => at(outer, offset, wanted))
    expect(begins(outer)).toEqual([0])
    expect(begins(inner)).toEqual([8, 16, 24, 32])
    expect(begins(either)).toEqual([32])
  })
})
