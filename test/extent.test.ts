import { expect, it } from 'vitest'
import { extent } from '../src/extent.js'

it.each([
  [
    [3, 1, 2],
    [1, 3],
  ],
  [[-7], [-7, -7]],
  [[], [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]],
  [
    [1, Number.NaN, 2],
    [Number.NaN, Number.NaN],
  ],
])('gives the least and the most of %j', (numbers, ends) => {
  expect(extent(numbers)).toEqual(ends)
})

it('takes more numbers than a call has arguments', () => {
  const numbers = Array.from({ length: 1_000_000 }, (_, i) => (i * 7919) % 1_000_000)
  expect(extent(numbers)).toEqual([0, 999_999])
})
