import { inspect } from 'node:util'
import { describe, expect, test } from 'vitest'
import type { CType } from '../../src/btf/types.js'
import type { ArrayValue } from '../../src/value/types.js'
import { isUnreadable } from '../../src/value/unreadable.js'
import { makeReference, makeValue } from '../../src/value/value.js'
import { base, FakeGuest } from './fake-guest.js'
import { aTask, btf } from './task.js'
import { build } from './types.js'

describe('arrays', () => {
  const { task } = aTask()
  const weights = task.se.weights as ArrayValue

  test('are arrays of JavaScript', () => {
    expect(Array.isArray(weights)).toBe(true)
    expect((weights as unknown as { readonly $kind: string }).$kind).toBe('array')
    expect(weights.length).toBe(2)
    expect([...weights]).toEqual([3, 4])
    expect(weights.map((n) => n * 2)).toEqual([6, 8])
    expect(weights.filter((n) => n > 3)).toEqual([4])
    expect(weights.slice(1)).toEqual([4])
    expect(weights.at(-1)).toBe(4)
    expect(weights.includes(3) && weights.indexOf(4) === 1).toBe(true)
    expect([0].concat(weights)).toEqual([0, 3, 4])
    expect(weights.toSorted((a, b) => b - a)).toEqual([4, 3])
    expect(Object.keys(weights)).toEqual(['0', '1'])
    expect(JSON.stringify(weights)).toBe('[3,4]')
    expect(inspect(weights)).toBe('{ 3, 4 }')
    expect(`${weights}`).toBe('{ 3, 4 }')
  })

  test('end where they end', () => {
    expect(weights[2]).toBeUndefined()
    expect(2 in weights).toBe(false)
    expect(1 in weights).toBe(true)
  })

  test('cannot be changed', () => {
    expect(() => (weights as unknown as number[]).push(1)).toThrow('read-only')
    expect(() => (weights as unknown as number[]).sort()).toThrow('read-only')
  })

  test('without a length can be read as far as one likes', () => {
    expect(task.tail.length).toBe(0)
    expect([...task.tail]).toEqual([])
    expect(task.tail.$at(1)).toBe(8)
    expect(task.tail.$take(2)).toEqual([7, 8])
    expect(() => task.tail.$at(0.5)).toThrow('whole number')
  })

  test('can have several dimensions', () => {
    const { guest, context } = aTask()
    for (let n = 0; n < 6; n++) guest.view.setUint16(0xa00 + n * 2, n, true)
    const type = [...btf.types('array')].at(-1) as CType
    const grid = makeValue(context, type, base + 0xa00n) as ArrayValue
    expect(grid.$type).toBe('unsigned short[2][3]')
    expect(grid[1][2]).toBe(5)
    expect(grid.map((row) => [...row])).toEqual([
      [0, 1, 2],
      [3, 4, 5],
    ])
  })

  test('that are partly readable give what is', () => {
    const { guest, context } = aTask()
    guest.view.setUint16(4094, 9, true)
    const type = build((b, { u16 }) => b.array(u16, 3))
    const array = makeValue(context, type, base + 4094n) as ArrayValue
    expect([...array].map((value) => isUnreadable(value))).toEqual([false, true, true])
    expect(array[0]).toBe(9)
    expect(array.$problem).toMatchObject({ kind: 'not-present' })
    expect(array.$bytes).toEqual(Uint8Array.of(9, 0))
  })

  test('of a hostile length cost nothing until they are read', () => {
    const { context } = aTask()
    const array = makeValue(
      context,
      build((b, { u64 }) => b.array(u64, 0xffffffff)),
      base,
    ) as ArrayValue
    expect(array.length).toBe(0xffffffff)
    expect(array[0]).toBe(0x1_0000_002an)
    expect(() => Object.keys(array)).toThrow('too long to list')
    expect(inspect(array)).toContain('[512 ... 4294967294] = <unreadable: page not present')
    expect(inspect(array).length).toBeLessThan(5000)
    expect(JSON.parse(JSON.stringify(array))).toHaveLength(513)
  })

  test('of text give text', () => {
    const { guest, context } = aTask()
    guest.setText(0xb00, 'one\0two\0')
    const type = build((b, { char }) => b.array(b.array(char, 4), 2))
    expect([...(makeValue(context, type, base + 0xb00n) as ArrayValue)]).toEqual(['one', 'two'])
  })
})

describe('arrays as objects', () => {
  const { guest, context, task } = aTask()
  const list = task.se.weights as ArrayValue & Record<string, unknown>

  test('have elements by whole numbers from 0, and nothing by other names', () => {
    for (const name of ['01', '-1', '1.5', '2', 'x', '1e0', '']) expect(list[name], name).toBeUndefined()
    expect(list['1']).toBe(4)
    for (const name of ['01', '-1', '2', 'x', 'elements', 'home']) expect(name in list, name).toBe(false)
    for (const name of ['0', 'length', 'map', '$type', '$at']) expect(name in list, name).toBe(true)
    expect(Object.getOwnPropertyDescriptor(list, '1')).toEqual({
      value: 4,
      writable: false,
      enumerable: true,
      configurable: true,
    })
    expect(Object.getOwnPropertyDescriptor(list, '2')).toBeUndefined()
    expect(Object.getOwnPropertyDescriptor(list, 'x')).toBeUndefined()
    expect(Object.getOwnPropertyDescriptor(list, 'length')).toMatchObject({ value: 2, enumerable: false })
    expect(() => Object.preventExtensions(list)).toThrow('read-only')
  })

  test('have places of their elements, at any index', () => {
    expect(list.$element(1)).toMatchObject({ $address: base + 52n, $value: 4 })
    expect(list.$at(-1)).toBe(0)
    expect(list.$element(-1).$address).toBe(base + 44n)
    expect(list.$at(2)).toBe(0)
    expect(list.$take(3)).toEqual([3, 4, 0])
    expect(() => list.$at(Number.NaN)).toThrow('An array index is a whole number, not NaN.')
  })

  test('of thousands of numbers are read in few reads', () => {
    const large = new FakeGuest(8192)
    for (let n = 0; n < 2048; n++) large.view.setUint32(n * 4, n * 3, true)
    const type = build((b, { u32 }) => b.array(u32, 1500))
    const array = makeValue(large.context(), type, base) as ArrayValue
    const values = [...array]
    expect(values).toHaveLength(1500)
    expect(values.every((value, n) => value === n * 3)).toBe(true)
    expect(large.reads).toBe(3)
    expect(array.$take(1025).at(-1)).toBe(1024 * 3)
  })

  test('of enums, truth values and floating point have those as elements', () => {
    guest.bytes.set([1, 0, 2], 0xc80)
    guest.view.setFloat64(0xc88, 2.5, true)
    const at = (offset: number, make: Parameters<typeof build>[0]) => [
      ...(makeValue(context, build(make), base + BigInt(offset)) as ArrayValue),
    ]
    expect(at(0xc80, (b, { bool }) => b.array(bool, 3))).toEqual([true, false, true])
    expect(at(0xc80, (b) => b.array(b.enum('state', { ON: 1, OFF: 0 }, 1), 2)).map(String)).toEqual([
      'ON',
      'OFF',
    ])
    expect(at(0xc88, (b) => b.array(b.float('double', 8), 1))).toEqual([2.5])
  })

  test('of characters are text as far as it goes', () => {
    guest.setText(0xd00, 'abc\0def')
    const type = build((b, { char }) => b.array(char, 8))
    const reference = (address: bigint) => makeReference(context, type, address) as ArrayValue
    expect(reference(base + 0xd00n).$text).toBe('abc')
    expect([...reference(base + 0xd00n)].slice(0, 4)).toEqual([97, 98, 99, 0])
    guest.setText(4092, 'wxyz')
    expect(String(reference(base + 4092n).$text)).toMatch(/^unreadable: page not present/)
    guest.setText(4092, 'wx\0z')
    expect(reference(base + 4092n).$text).toBe('wx')
    guest.setText(0xe00, 'eight888')
    expect(reference(base + 0xe00n).$text).toBe('eight888')
  })

  test('of as many names as can be listed are listed', () => {
    const many = (length: number) =>
      makeValue(
        context,
        build((b, { u8 }) => b.array(u8, length)),
        base,
      ) as ArrayValue
    expect(() => Object.keys(many(2 ** 24 + 1))).toThrow(
      'An array of 16777217 elements is too long to list; use $at(n).',
    )
    expect(Object.keys(many(3))).toEqual(['0', '1', '2'])
  })
})
