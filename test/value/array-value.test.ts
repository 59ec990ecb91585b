import { inspect } from 'node:util'
import { describe, expect, test } from 'vitest'
import type { CType } from '../../src/btf/types.js'
import type { ArrayValue } from '../../src/value/types.js'
import { isUnreadable } from '../../src/value/unreadable.js'
import { makeValue } from '../../src/value/value.js'
import { base } from './fake-guest.js'
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
