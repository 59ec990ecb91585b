import { describe, expect, it } from 'vitest'
import type { Arena } from '../../../src/bpf/arena/arena.js'
import { arenaOfMap, listArenas } from '../../../src/bpf/arena/arenas.js'
import { arenaContext, isArenaPointer, type KnownTypes, typeNamed } from '../../../src/bpf/arena/context.js'
import { isIn, pagesIn } from '../../../src/bpf/arena/free-ranges.js'
import type { ArenaWindow } from '../../../src/bpf/arena/window.js'
import type { MapInfo } from '../../../src/bpf/map-info.js'
import { Btf } from '../../../src/btf/btf.js'
import type { CType, PointerType, StructType } from '../../../src/btf/types.js'
import { Problems } from '../../../src/problems.js'
import { BtfBuilder } from '../../btf/builder.js'
import { ArenaGuest } from '../../support/arena-guest.js'
import { KernelGuest } from '../../support/kernel-guest.js'

describe('the arena that values of a map point into', () => {
  const arena = (name: string, users: readonly { btfId: number; maps: readonly bigint[] }[]) =>
    ({ name, users }) as unknown as Arena
  const map = (btfId: number, address: bigint) => ({ btfId, address }) as MapInfo
  const one = arena('one', [
    { btfId: 3, maps: [1n, 2n] },
    { btfId: 4, maps: [5n] },
  ])
  const two = arena('two', [{ btfId: 4, maps: [2n, 7n] }])
  const of = (btfId: number, address: bigint) => arenaOfMap([one, two], map(btfId, address))?.name

  it('is that of the programs whose types it has', () => {
    expect([of(3, 99n), of(3, 7n)]).toEqual(['one', 'one'])
  })

  it('is else that of the only programs that use it', () => {
    // Both have these types, or it has none, or others.
    expect([of(4, 7n), of(0, 5n), of(9, 1n)]).toEqual(['two', 'one', 'one'])
    expect([of(0, 2n), of(4, 99n), of(0, 99n)]).toEqual([undefined, undefined, undefined])
  })
})

it('arenas are those of the maps that are ones, and none where a program alone is', () => {
  const { kernel, maps } = new ArenaGuest().build()
  const problems = new Problems()
  expect(
    listArenas(
      kernel,
      maps.filter(({ type }) => type !== 'arena'),
      problems,
      problems,
    ),
  ).toEqual([])
  expect(listArenas(kernel, maps, problems, problems).map(({ id, name }) => [id, name])).toEqual([
    [3, 'arena'],
  ])
})

describe('ranges of pages', () => {
  const ranges = [
    { first: 2, last: 2 },
    { first: 5, last: 9 },
    { first: 20, last: 30 },
  ]

  it('hold pages from their first to their last', () => {
    expect(Array.from({ length: 32 }, (_, page) => page).filter((page) => isIn(ranges, page))).toEqual([
      2, 5, 6, 7, 8, 9, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30,
    ])
    expect(isIn([], 0)).toBe(false)
    expect([pagesIn(ranges), pagesIn([])]).toEqual([17, 0])
  })
})

describe('types of the programs of an arena', () => {
  const first = new BtfBuilder()
  first.struct('own', [{ name: 'x', type: first.int('u64', 8) }])
  first.union('either', [{ name: 'x', type: first.int('u64', 8) }])
  const second = new BtfBuilder()
  const declared = second.forward('own')
  const union = second.forward('either', 'union')
  const nowhere = second.forward('nowhere')
  const kernels = second.forward('task_struct')
  second.struct('late', [])
  const files = [first, second].map((b) => Btf.parse(b.build()))
  const type = (id: number): CType => (files[1] as Btf).type(id)
  const window = {
    userStart: 0x1000n,
    userEnd: 0x2000n,
    formOf: () => undefined,
    placeOf: () => -1,
  } as unknown as ArenaWindow
  const asked: unknown[] = []
  const known = {
    pointerAt: (struct: StructType, offset: number, probe: { isAddress(value: bigint): boolean }) => {
      asked.push([struct.name, offset, probe.isAddress(5n)])
      return undefined
    },
    complete: (of: CType) => {
      asked.push(of.name)
      return undefined
    },
  } as unknown as KnownTypes
  const context = (types: KnownTypes | undefined) =>
    arenaContext(
      new KernelGuest().kernel(),
      window,
      files,
      { name: () => undefined, typed: () => undefined, isInUse: () => false },
      types,
    )

  it('complete what another of them only declares, of the same kind', () => {
    const { resolveForward } = context(undefined)
    const resolved = [declared, union].map((id) => resolveForward?.(type(id)))
    expect(resolved.map((found) => [found?.kind, found?.name])).toEqual([
      ['struct', 'own'],
      ['union', 'either'],
    ])
    expect(resolved[0]?.btf).toBe(files[0])
    expect(resolveForward?.(type(kernels))?.kind).toBe('struct')
    expect(resolveForward?.(type(nowhere))).toBeUndefined()
  })

  it('are asked of others where none of them has them', () => {
    asked.length = 0
    const found = context(known)
    expect(found.resolveForward?.(type(nowhere))).toBeUndefined()
    expect(found.resolveForward?.(type(declared))).toBeDefined()
    found.recoverPointer?.(files[0]?.findStruct('own') as StructType, 8)
    expect(asked).toEqual(['nowhere', ['own', 8, false]])
    expect(context(undefined).recoverPointer).toBeUndefined()
  })

  it('are found by their names, the first first, before the kernel’s', () => {
    const { findType } = context(undefined)
    expect(findType?.('struct late')?.btf).toBe(files[1])
    expect(findType?.('struct own')?.btf).toBe(files[0])
    expect(findType?.('struct signal_struct')?.name).toBe('signal_struct')
    expect(typeNamed(files, 'struct signal_struct')).toBeUndefined()
    expect(typeNamed([], 'struct own')).toBeUndefined()
  })

  it('may say that a pointer leads into an arena beneath any qualifier', () => {
    const b = new BtfBuilder()
    const target = b.struct('t', [])
    const tag = b.typeTag('arena', target)
    const ids = [
      b.pointer(b.const(tag)),
      b.pointer(b.volatile(tag)),
      b.pointer(b.pointer(tag)),
      b.pointer(b.typedef('x', tag)),
    ]
    const parsed = Btf.parse(b.build())
    expect(ids.map((id) => isArenaPointer(parsed.type(id) as PointerType))).toEqual([
      true,
      true,
      false,
      false,
    ])
  })
})

describe('containers in what a region without a list holds', () => {
  it('are found by the pointers that lead there, with what they point at', () => {
    const test = new ArenaGuest()
    const { scx_static, holder } = test.section('.bss', { scx_static: 'scx_static', holder: 'to_holder' })
    const [region, heap] = [test.pages(1), test.pages(1)]
    test.setAt('scx_static', scx_static?.at ?? 0n, {
      max_alloc_bytes: 4096,
      memory: test.user(region),
      off: 4096,
    })
    test.guest.u64(holder?.at ?? 0n, test.user(region + 64))
    test.set('holder', region + 64, { heap: test.user(heap) })
    const { arena } = test.build()
    const because = 'the type of what holder points at'
    expect(arena.containers.map(({ name, address, origin }) => [name, address, origin])).toEqual([
      ['scx_static+0x40.heap', test.user(heap), { certainty: 'declared', evidence: because }],
      ['scx_static+0x40.own', test.user(region + 64 + 16), { certainty: 'declared', evidence: because }],
    ])
  })
})
