import { describe, expect, it } from 'vitest'
import type { Arena } from '../../../src/bpf/arena/arena.js'
import { LoadedMaps } from '../../../src/bpf/recovery/loaded-maps.js'
import type { LoadedProgram } from '../../../src/bpf/recovery/loaded-programs.js'
import { Btf } from '../../../src/btf/btf.js'
import { BtfBuilder } from '../../btf/builder.js'
import { addArray, addBtf } from '../../support/bpf-objects.js'
import { KernelGuest } from '../../support/kernel-guest.js'
import { addMap } from '../../support/map-objects.js'
import { integers } from '../../value/types.js'

const array = 2
const hash = 1

/** Maps as libbpf declares them, and a section with two variables. */
function declarations() {
  const b = new BtfBuilder()
  const { u32, u64, s32 } = integers(b)
  const value = b.struct('value', [
    { name: 'a', type: u64 },
    { name: 'b', type: u64 },
  ])
  const other = b.struct('other', [
    { name: 'a', type: u64 },
    { name: 'b', type: u64 },
  ])
  const map = (type: number, of?: number): number =>
    b.struct('', [
      { name: 'type', type: b.pointer(b.array(s32, type)) },
      ...(of === undefined ? [] : [{ name: 'value', type: b.pointer(of), offset: 8 }]),
    ])
  const definitions = {
    plain: map(array, value),
    hash: map(hash, value),
    untyped: map(array),
    twice: map(array, value),
    long: map(array, value),
    longer: map(array, value),
  }
  const names = {
    plain: 'plain',
    hash: 'hashed',
    untyped: 'untyped',
    twice: 'a_very_long_name_a',
    long: 'a_very_long_name_b',
    longer: 'a_long_map_name_that_is_one',
  }
  const entries = Object.entries(names).map(([key, name], n) => ({
    type: b.variable(name, definitions[key as keyof typeof definitions]),
    offset: n * 24,
    size: 24,
  }))
  b.section('.maps', entries)
  const bss = b.section('.bss', [
    { type: b.variable('second', u64), offset: 8, size: 8 },
    { type: b.variable('first', u32), offset: 0, size: 4 },
  ])
  const arena = b.section('.addr_space.1', [{ type: b.variable('root', u64), offset: 0, size: 8 }])
  b.section('license', [])
  return { bytes: b.build(), ids: { value, other, bss, arena, u64, u32, ...definitions } }
}

const { bytes, ids } = declarations()
const types = Btf.parse(bytes)

function world(
  make: (guest: KernelGuest, btf: bigint) => { own: bigint[]; strange?: bigint[]; arenas?: Arena[] },
) {
  const guest = new KernelGuest()
  const btf = addBtf(guest, 3, bytes)
  const { own, strange = [], arenas = [] } = make(guest, btf)
  const program = (name: string, btf: bigint, maps: bigint[]) =>
    ({ name, btf, maps }) as unknown as LoadedProgram
  const mine = [program('mine', btf, own), program('also', btf, own.slice(0, 1))]
  const all = [...mine, program('other', btf + 8n, strange)]
  return new LoadedMaps(guest.kernel(), types, btf, mine, all, arenas)
}

type Spec = Partial<Parameters<typeof addArray>[1]>
const add = (guest: KernelGuest, name: string, members: object, spec: Spec = {}): bigint =>
  addArray(guest, {
    id: guest.maps.size + 1,
    name,
    valueSize: 16,
    maxEntries: 1,
    members: { ...members },
    ...spec,
  })

describe('a map of loaded programs', () => {
  const definition = (
    name: string,
    spec: Spec = {},
    own: object = { btf_value_type_id: ids.value },
  ): number | undefined => {
    let address = 0n
    const maps = world((guest, btf) => {
      address = add(guest, name, { btf, ...own }, spec)
      return { own: [address] }
    })
    const meaning = maps.meaningOf(address)
    return meaning?.kind === 'map' ? meaning.definition : undefined
  }

  it('is the one that is declared by that name, of that type and value', () => {
    expect(definition('plain')).toBe(ids.plain)
    expect(definition('unknown')).toBe(0)
    // A hash by declaration.
    expect(definition('hashed')).toBe(0)
    expect(definition('plain', {}, { btf_value_type_id: ids.other })).toBe(0)
    expect(definition('untyped')).toBe(ids.untyped)
    expect(definition('untyped', {}, { btf_value_type_id: ids.other })).toBe(ids.untyped)
  })

  it('is told by its size where the kernel has no type of its values', () => {
    const untyped = { btf: 0n }
    expect(definition('plain', {}, untyped)).toBe(ids.plain)
    expect(definition('plain', { valueSize: 9 }, untyped)).toBe(ids.plain)
    expect(definition('plain', { valueSize: 8 }, untyped)).toBe(0)
    expect(definition('plain', { valueSize: 17 }, untyped)).toBe(0)
  })

  it('may have a name that the kernel has cut, if that leaves no doubt', () => {
    expect(definition('a_long_map_name')).toBe(ids.longer)
    expect(definition('a_long_map_nam')).toBe(0)
    expect(definition('a_very_long_nam')).toBe(0)
  })
})

describe('an address in loaded programs', () => {
  it('may be a variable, by where the value of the map lies', () => {
    let start = 0n
    const maps = world((guest, btf) => {
      const map = add(guest, 'obj.bss', { btf, btf_value_type_id: ids.bss })
      start = map + BigInt(guest.objects.offsetOf('bpf_array', 'value'))
      return { own: [map] }
    })
    expect(maps.data.map(({ name, isArena, typeId }) => [name, isArena, typeId])).toEqual([
      ['.bss', false, ids.bss],
      ['.addr_space.1', true, ids.arena],
    ])
    expect(maps.data[0]?.variables).toEqual([
      { name: 'first', typeId: ids.u32, offset: 0, size: 4 },
      { name: 'second', typeId: ids.u64, offset: 8, size: 8 },
    ])
    expect(maps.data[0]?.initial).toHaveLength(0)
    const meaning = (offset: bigint) => maps.meaningOf(start + offset)
    expect([meaning(0n), meaning(15n)]).toEqual([
      { kind: 'section', section: 0, offset: 0 },
      { kind: 'section', section: 0, offset: 15 },
    ])
    expect([meaning(-1n), meaning(16n)]).toEqual([undefined, undefined])
  })

  it('is none of a map that is no array, or whose types are not these', () => {
    const of = (members: object) => {
      let start = 0n
      const maps = world((guest, btf) => {
        const map = add(guest, 'obj.bss', { btf, btf_value_type_id: ids.bss, ...members })
        start = map + BigInt(guest.objects.offsetOf('bpf_array', 'value'))
        return { own: [map] }
      })
      return maps.meaningOf(start)
    }
    expect(of({})).toBeDefined()
    expect(of({ map_type: hash })).toBeUndefined()
    expect(of({ btf: 8n })).toBeUndefined()
    expect(of({ btf_value_type_id: ids.value })).toBeUndefined()
  })

  it('may be a variable of the arena, in the form in which programs have it', () => {
    const section = types.find('.addr_space.1', 'section')
    const arena = (of: object) =>
      ({
        types: [types],
        window: { userAddress: (place: number) => 0x1000_0000_0000n + BigInt(place) },
        globalSections: [{ section, place: 64 }],
        ...of,
      }) as unknown as Arena
    const meaning = (of: object, offset: bigint) =>
      world(() => ({ own: [], arenas: [arena(of)] })).meaningOf(0x1000_0000_0040n + offset)
    expect(meaning({}, 0n)).toEqual({ kind: 'section', section: 1, offset: 0 })
    expect(meaning({}, 7n)).toEqual({ kind: 'section', section: 1, offset: 7 })
    expect([meaning({}, 8n), meaning({}, -1n)]).toEqual([undefined, undefined])
    expect(meaning({ types: [] }, 0n)).toBeUndefined()
    // The same section of other types.
    const stranger = Btf.parse(bytes).find('.addr_space.1', 'section')
    expect(meaning({ globalSections: [{ section: stranger, place: 64 }] }, 0n)).toBeUndefined()
  })
})

describe('memory that programs of other objects write to', () => {
  const readOnly = 1 << 7

  it('is of types of which nothing can be concluded', () => {
    const shared = (name: string, members: object = {}, isShared = true) => {
      const maps = world((guest, btf) => {
        const map = add(guest, name, { btf, btf_value_type_id: ids.value, ...members })
        return { own: [map], strange: isShared ? [map] : [] }
      })
      expect(maps.conflict).toBeUndefined()
      return maps.sharedTypes
    }
    expect(shared('plain')).toEqual([ids.value, ids.value])
    expect(shared('plain', {}, false)).toEqual([])
    expect(shared('plain', { map_flags: readOnly })).toEqual([])
    expect(shared('unknown')).toEqual([ids.value])
    // By declaration alone.
    expect(shared('plain', { btf: 0n })).toEqual([ids.value])
    expect(shared('untyped', { btf: 0n })).toEqual([])
  })

  it('may be the arena, which leaves nothing', () => {
    const conflict = (isShared: boolean) =>
      world((guest) => {
        const arena = addMap(guest, 'arena', 'bpf_arena', {})
        return { own: [arena], strange: isShared ? [arena] : [] }
      }).conflict
    expect(conflict(true)).toBe('program other, which is of another object, uses arena arena too')
    expect(conflict(false)).toBeUndefined()
  })
})
