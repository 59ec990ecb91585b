import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Leaf } from '../../src/frame/leaves.js'
import { leavesOf } from '../../src/frame/leaves.js'
import type { StructValue } from '../../src/value/types.js'
import { makeValue } from '../../src/value/value.js'
import { base, FakeGuest } from '../value/fake-guest.js'
import { build } from '../value/types.js'

const sizeOf = 256

/** One of everything that a column is made of. */
const everything = build((b, t) => {
  const inner = b.struct('inner', [
    { name: 'low', type: t.u16 },
    { name: 'deep', type: b.struct('deep', [{ name: 'wide', type: t.s64 }]) },
  ])
  return b.struct('everything', [
    { name: 'u8', type: t.u8 },
    { name: 's8', type: t.s8 },
    { name: 'flag', type: t.bool },
    { name: 'u16', type: t.u16 },
    { name: 's16', type: t.s16 },
    { name: 'u32', type: t.u32 },
    { name: 's32', type: t.s32 },
    { name: 'u64', type: t.u64 },
    { name: 's64', type: t.s64 },
    { name: 'u128', type: t.u128 },
    { name: 's128', type: t.s128 },
    { name: 'f', type: b.float('double', 8) },
    { name: 'kind', type: b.enum('kind', { EVEN: 0, ODD: 1 }) },
    { name: 'name', type: b.array(t.char, 8) },
    { name: 'few', type: b.array(t.u32, 3) },
    { name: 'inner', type: inner },
    { name: 'next', type: b.pointer(inner) },
    { name: 'many', type: b.array(t.u8, 17) },
  ])
})

function read(leaves: readonly Leaf[], bytes: Uint8Array, offset = 0): Record<string, unknown> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  for (const leaf of leaves) leaf.read(view, bytes, offset)
  return Object.fromEntries(leaves.map(({ path, finish }) => [path, finish().at(0)]))
}

describe('leavesOf', () => {
  it('has a column for each scalar, by its path and of its kind', () => {
    const leaves = leavesOf(new FakeGuest().context(), everything, 'value')
    const kinds = leaves.map(({ path, finish }) => [path, finish().kind])
    expect(Object.fromEntries(kinds)).toEqual({
      'value.u8': 'integer',
      'value.s8': 'integer',
      'value.flag': 'boolean',
      'value.u16': 'integer',
      'value.s16': 'integer',
      'value.u32': 'integer',
      'value.s32': 'integer',
      'value.u64': 'uint64',
      'value.s64': 'int64',
      'value.u128': 'text',
      'value.s128': 'text',
      'value.f': 'float',
      'value.kind': 'text',
      'value.name': 'text',
      'value.few[0]': 'integer',
      'value.few[1]': 'integer',
      'value.few[2]': 'integer',
      'value.inner.low': 'integer',
      'value.inner.deep.wide': 'int64',
      'value.next': 'uint64',
      'value.many': 'text',
    })
  })

  it('reads what values read, whatever the bytes are', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: sizeOf, maxLength: sizeOf }), (content) => {
        const guest = new FakeGuest()
        guest.bytes.set(content)
        const context = guest.context()
        const value = makeValue(context, everything, base) as StructValue
        const cells = read(leavesOf(context, everything, ''), guest.bytes)
        for (const name of ['u8', 's8', 'flag', 'u16', 's16', 'u32', 's32', 'u64', 's64', 'f', 'name']) {
          expect(cells[name]).toEqual(value[name])
        }
        for (const name of ['u128', 's128', 'kind']) expect(cells[name]).toBe(String(value[name]))
        for (const n of [0, 1, 2]) expect(cells[`few[${n}]`]).toBe(value.few[n])
        expect(cells['inner.low']).toBe(value.inner.low)
        expect(cells['inner.deep.wide']).toBe(value.inner.deep.wide)
        expect(cells.next).toBe(value.next.$value)
        expect(JSON.parse(String(cells.many))).toEqual(value.many.$json())
      }),
    )
  })

  it('reads members of some bits, of either sign', () => {
    const type = build((b, t) =>
      b.struct('bits', [
        { name: 'low', type: t.u32, bitOffset: 0, bitSize: 3 },
        { name: 'middle', type: t.s32, bitOffset: 3, bitSize: 5 },
        { name: 'wide', type: t.u64, bitOffset: 8, bitSize: 40 },
      ]),
    )
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 16, maxLength: 16 }), (content) => {
        const guest = new FakeGuest()
        guest.bytes.set(content)
        const context = guest.context()
        const value = makeValue(context, type, base) as StructValue
        const cells = read(leavesOf(context, type, ''), guest.bytes)
        expect(cells).toEqual({ low: value.low, middle: value.middle, wide: value.wide })
      }),
    )
  })

  it('is one column of a scalar, and stands at its place among others', () => {
    const u32 = build((_, t) => t.u32)
    const [leaf] = leavesOf(new FakeGuest().context(), u32, 'key')
    expect(leaf?.path).toBe('key')
    expect(read([leaf as Leaf], Uint8Array.of(0, 0, 0, 0, 7, 0, 0, 0), 4)).toEqual({ key: 7 })
  })
})
