import { describe, expect, it } from 'vitest'
import { Btf } from '../../src/btf/btf.js'
import type { CType } from '../../src/btf/types.js'
import { memberOf, typedPlace } from '../../src/session/places.js'
import type { StructValue } from '../../src/value/types.js'
import { BtfBuilder } from '../btf/builder.js'
import { addArray, addBtf, elementAt } from '../support/bpf-objects.js'
import { kernelTypesBuilder as b } from '../support/kernel-types.js'
import { sessionWith } from './support/sessions.js'

/** Types of programs: a struct with a bitfield, and two sections of globals. */
function objectTypes() {
  const int = b.int('unsigned int', 4)
  const long = b.int('long unsigned int', 8)
  const inner = b.struct('place_inner', [
    { name: 'runs', type: int },
    { name: 'slots', type: b.array(int, 4) },
  ])
  const struct = b.struct(
    'place_stats',
    [
      { name: 'total', type: long },
      { name: 'inner', type: inner },
      { name: 'bits', type: int, bitOffset: 256, bitSize: 3 },
    ],
    40,
  )
  const variables = ['first', 'second', 'jiffies'].map((name) => b.variable(name, int))
  const section = b.section(
    '.bss',
    variables.map((type, i) => ({ type, offset: i * 4, size: 4 })),
  )
  const other = b.section('.data', [{ type: b.variable('second', int), offset: 0, size: 4 }])
  return { bytes: b.build(), int, struct, section, other }
}
const object = objectTypes()
const kernelBytes = object.bytes

function opened() {
  const made: { stats: bigint; globals: bigint; more: bigint; panic: bigint } = {
    stats: 0n,
    globals: 0n,
    more: 0n,
    panic: 0n,
  }
  const session = sessionWith((guest) => {
    const btf = addBtf(guest, 40, kernelBytes)
    const types = (key: number, value: number) => ({
      members: { btf, btf_key_type_id: key, btf_value_type_id: value },
    })
    made.stats = addArray(guest, {
      id: 1,
      name: 'stats',
      valueSize: 40,
      maxEntries: 2,
      ...types(object.int, object.struct),
    })
    made.globals = addArray(guest, {
      id: 2,
      name: 'obj.bss',
      valueSize: 12,
      maxEntries: 1,
      ...types(0, object.section),
    })
    made.more = addArray(guest, {
      id: 3,
      name: 'obj.data',
      valueSize: 4,
      maxEntries: 1,
      ...types(0, object.other),
    })
    addArray(guest, { id: 4, name: 'plain', valueSize: 8, maxEntries: 1 })
    guest.global('jiffies', 8)
    made.panic = guest.global('panic_timeout', 8)
    const current = guest.symbol('current_task', guest.allocPerCpu(8))
    void current
  })
  return { ...session, ...made }
}

describe('a place to write to', () => {
  it('is a map entry, a member of it, or an item of a list in it', () => {
    const { vm, guest, stats } = opened()
    const entry = elementAt(guest, stats, 1, 40)
    const wrote = vm.write({ map: 'stats', key: 1, field: 'inner.slots[2]' }, 77)
    expect(wrote).toMatchObject({
      place: 'stats[1].inner.slots[2]',
      address: entry + 8n + 4n + 8n,
      before: 0,
      after: 77,
    })
    expect(vm.kernel.space.u32(entry + 20n)).toBe(77)
    vm.write({ map: 1, key: 1 }, { total: 5n })
    expect(vm.kernel.space.u64(entry)).toBe(5n)
    expect(vm.kernel.space.u32(entry + 20n)).toBe(77)
    expect(vm.written.map(({ place }) => place)).toEqual(['stats[1].inner.slots[2]', 'stats[1]'])
    expect(() => vm.write({ map: 'stats', key: 1, field: 'none' }, 1)).toThrow(
      expect.objectContaining({ code: 'not-found', message: 'stats[1] has no member none' }),
    )
    expect(() => vm.write({ map: 'stats', key: 1, field: 'bits' }, 1)).toThrow(
      expect.objectContaining({
        code: 'usage',
        message: 'bits is a bitfield: ask for the member that holds it',
      }),
    )
    expect(() => vm.write({ map: 'stats', key: 1, fields: 'total' } as never, 1)).toThrow(
      'a place in a map is { map, key, cpu, field }, and has no "fields"',
    )
  })

  it('is a global of a program by its name, where there is one of that name', () => {
    const { vm, guest, globals } = opened()
    const wrote = vm.write('first', 6)
    expect(wrote).toMatchObject({ place: 'obj.bss.first', address: elementAt(guest, globals, 0, 12) })
    expect(() => vm.write('second', 1)).toThrow(
      'there are several variables second; write to the one you mean: vm.map(2).variables.second, vm.map(3).variables.second',
    )
    expect(() => vm.write('jiffies', 1)).toThrow(
      "there are several variables jiffies; write to the one you mean: vm.map(2).variables.jiffies, vm.symbol('jiffies').address with its type",
    )
    const variables = vm.map(2).variables as unknown as { second: number }
    variables.second = 9
    expect(vm.kernel.space.u32(elementAt(guest, globals, 0, 12) + 4n)).toBe(9)
    expect(vm.written.at(-1)?.place).toBe('obj.bss.second')
  })

  it('is a global of the kernel, or an address with a type', () => {
    const { vm, panic } = opened()
    expect(vm.write('panic_timeout', -5)).toMatchObject({
      place: 'panic_timeout',
      address: panic,
      before: 0,
      after: -5,
    })
    expect(vm.variable('panic_timeout')).toBe(-5)
    expect(vm.write(panic, 3, 'unsigned int')).toMatchObject({ place: `0x${panic.toString(16)}`, after: 3 })
    expect(vm.write('panic_timeout+4', 4, vm.type('unsigned int'))).toMatchObject({
      place: 'panic_timeout+4',
      address: panic + 4n,
    })
    expect(() => vm.write(panic, 3)).toThrow(
      'give the type of what lies there: vm.write(address, value, "u64")',
    )
    expect(() => vm.write('current_task', 3)).toThrow(
      "current_task is per CPU; write to vm.variable('current_task', cpu)",
    )
  })

  it('is a value or member that has a place', () => {
    const { vm, panic } = opened()
    const list = vm.at(panic, 'struct list_head') as StructValue
    expect(vm.write(list, { next: 16n })).toMatchObject({ address: panic })
    const member = list.$member('prev') as StructValue
    expect(vm.write(member, 32n)).toMatchObject({
      address: panic + 8n,
      place: `0x${(panic + 8n).toString(16)}`,
    })
    expect(() => vm.write(null as never, 1)).toThrow('give a symbol, an address, or a value')
  })
})

it('a member of one bit is none to write to, nor is one that is not there', () => {
  const own = new BtfBuilder()
  const int = own.int('int', 4)
  own.struct('it', [
    { name: 'whole', type: int, bitOffset: 32, bitSize: 0 },
    { name: 'one', type: int, bitOffset: 64, bitSize: 1 },
  ])
  const type = Btf.parse(own.build()).findStruct('it') as CType
  const place = { name: 'x', address: 0x100n, type }
  expect(memberOf(place, undefined)).toBe(place)
  expect(memberOf(place, 'whole')).toMatchObject({ name: 'x.whole', address: 0x104n })
  expect(() => memberOf(place, 'one')).toThrow('one is a bitfield: ask for the member that holds it')
  expect(() => memberOf(place, 'two')).toThrow('x has no member two')
})

it('a value is the place where it lies, also one that has a member called map', () => {
  let at = 0n
  const { vm } = sessionWith((guest) => {
    at = addArray(guest, { id: 1, name: 'stats', valueSize: 8, maxEntries: 1 })
  })
  const value = vm.at(at, 'struct bpf_array')
  expect(Object.keys(value as object)).toContain('map')
  expect(typedPlace(vm, value as never, undefined)).toMatchObject({
    name: `0x${at.toString(16)}`,
    address: at,
    type: { name: 'bpf_array' },
  })
  expect(() => typedPlace(vm, { map: 'stats', key: 0, other: 1 } as never, undefined)).toThrow(
    'a place in a map is { map, key, cpu, field }, and has no "other"',
  )
  // What could not be read lies nowhere that is known.
  const lost = vm.at(0xffff800000001000n, 'int')
  expect(() => typedPlace(vm, lost as never, undefined)).toThrow('a value that has a place in memory')
})
