import { describe, expect, it } from 'vitest'
import { asPhysical } from '../../src/brands.js'
import { isUnreadName, Kernel, unreadName } from '../../src/kernel/kernel.js'
import { BtfBuilder } from '../btf/builder.js'
import { ArrayMemory } from '../support/array-memory.js'
import { KernelGuest } from '../support/kernel-guest.js'

const types = new BtfBuilder()
types.enum('map_kind', { MAP_HASH: 1, MAP_ARRAY: 2, OTHER: 3 })
types.struct('not_an_enum', [])

describe('names of enums', () => {
  const kernel = new KernelGuest({ btf: types.build() }).kernel()

  it('are had by value, without what they all start with', () => {
    expect(kernel.enumName('map_kind', 1, 'MAP_')).toBe('HASH')
    expect(kernel.enumName('map_kind', 1)).toBe('MAP_HASH')
    expect(kernel.enumName('map_kind', 3, 'MAP_')).toBe('OTHER')
    for (const [name, value] of [
      ['map_kind', 9],
      ['not_an_enum', 1],
      ['nothing', 1],
    ] as const)
      expect(kernel.enumName(name, value)).toBeUndefined()
  })

  it('are said in lower case, else by their number', () => {
    expect(kernel.enumText('map_kind', 2, 'MAP_')).toBe('array')
    expect(kernel.enumText('map_kind', 27)).toBe('type 27')
    expect(kernel.enumText('map_kind', 27, 'MAP_', 'kind')).toBe('kind 27')
    const holed = Object.create(kernel, {
      types: { value: { isWhole: false, find: () => undefined } },
    }) as Kernel
    expect(holed.enumText('map_kind', 27)).toBe(`${unreadName}type 27`)
    expect([isUnreadName('unknown: type 27'), isUnreadName('type 27')]).toEqual([true, false])
  })
})

describe('a symbol that a kernel does not have', () => {
  const guest = new KernelGuest()
  for (const n of [1, 2, 3, 4, 5, 6]) guest.symbol(`scheduler_tick_${n}`, guest.image(8), 'T')
  const kernel = guest.kernel()

  it('is missed with at most five whose names begin as its does', () => {
    const start = 'kernel 6.99.0-test has no symbol'
    expect(() => kernel.symbol('scheduler_tack')).toThrow(
      `${start} scheduler_tack; near it: scheduler_tick_1, scheduler_tick_2, scheduler_tick_3, scheduler_tick_4, scheduler_tick_5`,
    )
    // Four letters are the least that must agree.
    expect(() => kernel.symbol('schemers')).toThrow(`${start} schemers; near it: scheduler_tick_1`)
    expect(() => kernel.symbol('schroedinger')).toThrow(new RegExp(`${start} schroedinger$`))
    expect(() => kernel.symbol('sch')).toThrow(new RegExp(`${start} sch$`))
    expect(kernel.findSymbol('sch')).toBeUndefined()
  })
})

describe('a kernel by its note', () => {
  const guest = new KernelGuest()
  const { memory, noteAt } = guest.kernel()
  const at = noteAt ?? asPhysical(0)

  it('is found where the note lies, and nowhere else', () => {
    expect(Kernel.at(memory, at)?.noteAt).toBe(at)
    expect(Kernel.at(memory, asPhysical(at + 4096))).toBeUndefined()
    expect(Kernel.at(new ArrayMemory(8192), asPhysical(0))).toBeUndefined()
  })

  it('is none where it is the one that others are looked for beside', () => {
    const kernel = Kernel.find(memory)
    const all = [{ start: asPhysical(0), length: guest.memory.bytes.length }]
    expect(Kernel.within(memory, all, kernel)).toBeUndefined()
    const other = { noteAt: asPhysical(1) } as Kernel
    expect(Kernel.within(memory, all, other)?.noteAt).toBe(at)
    expect(Kernel.within(memory, [{ start: asPhysical(0), length: at }], other)).toBeUndefined()
  })
})

it('what a kernel could not read is told until the guest has run, but for its image', () => {
  const guest = new KernelGuest()
  guest.u64(guest.global('modules', 16), 0xffff800000001000n)
  const kernel = guest.kernel()
  kernel.symbolize(0xffffffffc0000000n)
  expect(kernel.problems.sentences).toEqual([expect.stringMatching(/^modules: list breaks/)])
  kernel.image.problems.add('image', 'a page is missing')
  expect(kernel.problems.sentences).toHaveLength(2)
  kernel.invalidate()
  expect(kernel.problems.sentences).toEqual(['image: a page is missing'])
  kernel.symbolize(0xffffffffc0000000n)
  expect(kernel.problems.sentences).toHaveLength(2)
})

it('types of no bytes, or of more than there can be, are refused each time they are asked for', () => {
  const types = (size: bigint) => {
    const guest = new KernelGuest()
    const { symbol } = guest
    // The guest's own end of its types is moved.
    Object.assign(guest, {
      symbol(name: string, address: bigint, type?: string) {
        const start = guest.symbols.find((each) => each.name === '__start_BTF')?.address ?? 0n
        return symbol.call(guest, name, name === '__stop_BTF' ? start + size : address, type)
      },
    })
    return guest.kernel()
  }
  for (const size of [0n, 64n * 2n ** 20n + 1n]) {
    const kernel = types(size)
    const sentence = `the kernel's BTF claims ${size} bytes, which cannot be`
    for (let i = 0; i < 2; i++) expect(() => kernel.types).toThrow(sentence)
  }
  expect(() => types(64n * 2n ** 20n).types).not.toThrow(/which cannot be/)
})
