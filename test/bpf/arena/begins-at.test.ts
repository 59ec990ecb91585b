import { expect, it } from 'vitest'
import { beginsAt } from '../../../src/bpf/arena/begins-at.js'
import { Btf } from '../../../src/btf/btf.js'
import { BtfBuilder } from '../../btf/builder.js'
import { integers } from '../../value/types.js'

/** Whether a struct `inner` begins within a type. */
function within(make: (b: BtfBuilder, inner: number) => number) {
  const b = new BtfBuilder()
  const { u64 } = integers(b)
  const inner = b.struct('inner', [
    { name: 'x', type: u64 },
    { name: 'y', type: u64 },
  ])
  const outer = make(b, inner)
  const types = Btf.parse(b.build())
  return (offset: number): boolean => beginsAt(types.type(outer), offset, types.type(inner))
}

it('a struct begins at each element of an array of it, and nowhere else', () => {
  const at = within((b, inner) => b.array(inner, 3))
  expect([0, 8, 16, 24, 32, 40].map(at)).toEqual([true, false, true, false, true, false])
  expect(at(-16)).toBe(false)
})

it('a struct begins at members of that type, however deep in arrays and structs', () => {
  const nested = (depth: number) =>
    within((b, inner) => {
      let type = inner
      for (let n = 0; n < depth; n++)
        type = n % 2 === 0 ? b.array(type, 1) : b.struct(`s${n}`, [{ name: 'm', type }])
      return type
    })
  expect(nested(32)(0)).toBe(true)
  // What is deeper than any real type is a broken one.
  expect(nested(60)(0)).toBe(false)
  const at = within((b, inner) =>
    b.struct('outer', [
      { name: 'first', type: inner },
      { name: 'all', type: b.array(inner, 2) },
    ]),
  )
  expect([0, 8, 16, 24, 32, 40, 48].map(at)).toEqual([true, false, true, false, true, false, false])
})

it('anything may begin where the type has no name', () => {
  const b = new BtfBuilder()
  const { u64 } = integers(b)
  const unnamed = b.struct('', [{ name: 'x', type: u64 }])
  const types = Btf.parse(b.build())
  expect(beginsAt(types.type(u64), 4, types.type(unnamed))).toBe(true)
  expect([0, 4].map((offset) => beginsAt(types.type(u64), offset, types.type(u64)))).toEqual([true, false])
})
