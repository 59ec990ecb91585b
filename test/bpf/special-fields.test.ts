import { expect, test } from 'vitest'
import { memberOf } from '../../src/bpf/special-fields.js'
import { Btf } from '../../src/btf/btf.js'
import { BtfBuilder } from '../btf/builder.js'
import { integers } from '../value/types.js'

test('a special field is named by the members and variables that lead to it', () => {
  const b = new BtfBuilder()
  const { u32, u64 } = integers(b)
  const lock = b.struct('bpf_spin_lock', [{ name: 'val', type: u32 }])
  const slot = b.struct('slot', [
    { name: 'count', type: u64 },
    { name: 'lock', type: lock },
  ])
  const value = b.struct('value', [
    { name: 'flags', type: u64 },
    {
      type: b.struct('', [
        { name: 'inner', type: lock },
        { name: 'more', type: u32 },
      ]),
    },
    { name: 'slots', type: b.array(slot, 3) },
    {
      name: 'either',
      type: b.union('', [
        { name: 'own', type: lock },
        { name: 'word', type: u64 },
      ]),
    },
    { name: 'empty', type: b.array(b.struct('none', []), 3) },
  ])
  const section = b.section('.data', [
    { type: b.variable('first', u64), offset: 0, size: 8 },
    { type: b.variable('v', value), offset: 8, size: 72 },
  ])
  const types = Btf.parse(b.build())
  const name = (id: number, offset: number, size = 4) =>
    memberOf(types.type(id), { kind: 'spin_lock', offset, size })
  expect(name(value, 8)).toBe('inner')
  expect([name(value, 24), name(value, 40), name(value, 56)]).toEqual([
    'slots[0].lock',
    'slots[1].lock',
    'slots[2].lock',
  ])
  expect(name(value, 64)).toBe('either.own')
  expect(name(value, 16, 16)).toBe('slots[0]')
  expect(name(value, 16, 48)).toBe('slots')
  expect([name(section, 16), name(section, 32)]).toEqual(['v.inner', 'v.slots[0].lock'])
  expect(name(section, 0, 8)).toBe('first')
  expect(name(section, 8, 72)).toBe('v')
  // Of another size, between members, beyond, before, in nothing.
  const none = [
    name(value, 8, 8),
    name(value, 28),
    name(value, 72),
    name(value, -8),
    name(section, 80),
    name(section, -1),
    name(u64, 0, 8),
  ]
  expect(none).toEqual(none.map(() => undefined))
  expect(memberOf(undefined, { kind: 'timer', offset: 0, size: 4 })).toBeUndefined()
})
