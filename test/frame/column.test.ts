import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ColumnBuilder, columnOf, NumberBuilder } from '../../src/frame/column.js'

describe('a column', () => {
  it('gives back whole numbers, bigints and nulls exactly, as one kind', () => {
    const cell = fc.oneof(
      fc.integer(),
      fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n }),
      fc.constant(null),
      fc.constant(undefined),
    )
    fc.assert(
      fc.property(fc.array(cell), (cells) => {
        const column = columnOf(cells)
        const back = [...column]
        expect(back.map((value) => (value === null ? null : BigInt(value as never)))).toEqual(
          cells.map((value) => (value === null || value === undefined ? null : BigInt(value))),
        )
        const kinds = new Set(back.filter((value) => value !== null).map((value) => typeof value))
        expect(kinds.size).toBeLessThan(2)
      }),
    )
  })

  it.each([
    [[1, 2.5], 'float'],
    [[2 ** 53, 1], 'integer'],
    [[2 ** 60], 'float'],
    [[1n, 2], 'uint64'],
    [[-1n, 2n ** 63n - 1n], 'int64'],
    [[-1n, 2n ** 63n], 'text'],
    [[2n ** 64n], 'text'],
    [[1n, 0.5], 'text'],
    [[true, null], 'boolean'],
    [[true, 1], 'text'],
    [['a', 1n], 'text'],
    [[null], 'integer'],
    [[], 'integer'],
  ] as const)('of %o is %s', (cells, kind) => {
    const column = columnOf(cells)
    expect(column.kind).toBe(kind)
    if (kind === 'text') expect([...column]).toEqual(cells.map(String))
    expect(column.length).toBe(cells.length)
  })

  it('tells what is not there from zero, false and empty text', () => {
    expect([...columnOf([0, null])]).toEqual([0, null])
    expect([...columnOf([false, undefined, true])]).toEqual([false, null, true])
    expect([...columnOf(['', null, 'a'])]).toEqual(['', null, 'a'])
    expect(columnOf([1]).at(5)).toBeNull()
  })

  it('is built with gaps, which are null', () => {
    const builder = new ColumnBuilder()
    builder.put(1, 7n)
    builder.put(3, 8n)
    expect([...builder.finish(5)]).toEqual([null, 7n, null, 8n, null])
  })

  it('of numbers grows as they come', () => {
    const builder = new NumberBuilder('uint64')
    const all = Array.from({ length: 5000 }, (_, n) => BigInt(n) << 40n)
    for (const value of all) builder.push(value)
    expect([...builder.finish()]).toEqual(all)
  })
})
