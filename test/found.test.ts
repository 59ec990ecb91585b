import { describe, expect, it } from 'vitest'
import { Found, stated } from '../src/found.js'
import { Problems, unknown } from '../src/problems.js'

const isEven = (value: { n: number }) => value.n % 2 === 0
const of = (...numbers: number[]) => numbers.map((n) => ({ n }))

describe('what was found', () => {
  it('is all there is, or knows that something may be missing', () => {
    const problems = new Problems()
    expect(Found.by(problems, () => of(1)).isWhole).toBe(true)
    const part = Found.by(problems, (sink) => {
      sink.add('list', 'it breaks')
      return of(1, 2)
    })
    expect(part.missing).toBe('list: it breaks')
    expect(problems.sentences).toEqual(['list: it breaks'])
    // What another walk lacked is not this one's.
    expect(Found.by(problems, () => of(3)).isWhole).toBe(true)
  })

  it('is counted only as far as it is known', () => {
    expect(Found.all(of(1, 2)).count).toEqual({ whole: true, value: 2 })
    expect(Found.some(of(1, 2), 'lost').count).toEqual({ whole: false, atLeast: 2, why: 'lost' })
    // "At least 0" says nothing.
    expect(Found.some([], 'lost').count).toEqual(unknown('lost'))
  })

  it.each([
    ['whole, none is', Found.all(of(1, 3)), 'no', 'none'],
    ['whole, one is', Found.all(of(1, 2)), 'yes', { n: 2 }],
    ['in part, one is', Found.some(of(2), 'lost'), 'yes', { n: 2 }],
    ['in part, none is', Found.some(of(1), 'lost'), 'unknown', 'unknown'],
    ['nothing of it', Found.some<{ n: number }>([], 'lost'), 'unknown', 'unknown'],
    ['empty', Found.all<{ n: number }>([]), 'no', 'none'],
  ])('says whether one is so: %s', (_, found, answer, first) => {
    expect(found.some(isEven)).toBe(answer)
    expect(found.seek(isEven)).toEqual(first)
  })

  it.each([
    ['whole, all are', Found.all(of(2, 4)), 'yes'],
    ['whole, one is not', Found.all(of(2, 3)), 'no'],
    ['in part, one is not', Found.some(of(3), 'lost'), 'no'],
    ['in part, all seen are', Found.some(of(2), 'lost'), 'unknown'],
    ['nothing of it', Found.some<{ n: number }>([], 'lost'), 'unknown'],
  ])('says whether all are so: %s', (_, found, answer) => {
    expect(found.every(isEven)).toBe(answer)
  })

  it('takes what a test cannot tell for unknown', () => {
    const found = Found.all(of(1, 2, 3))
    const cannotTell = ({ n }: { n: number }) => (n === 3 ? undefined : n === 2)
    expect(found.some(({ n }) => (n === 3 ? undefined : false))).toBe('unknown')
    expect(found.some(cannotTell)).toBe('yes')
    expect(found.every(({ n }) => (n === 3 ? undefined : true))).toBe('unknown')
    expect(found.seek(({ n }) => (n === 1 ? undefined : false))).toBe('unknown')
    const filtered = found.filter(cannotTell)
    expect([filtered.seen, filtered.isWhole]).toEqual([of(2), false])
    expect(found.filter(isEven).isWhole).toBe(true)
    expect(Found.some(of(2), 'lost').filter(isEven).missing).toBe('lost')
  })

  it('stays what it is when it is mapped, sorted and put together', () => {
    const part = Found.some(of(2, 1), 'lost')
    expect(part.map(({ n }) => n)).toMatchObject({ seen: [2, 1], missing: 'lost' })
    expect(part.sorted((a, b) => a.n - b.n)).toMatchObject({ seen: of(1, 2), missing: 'lost' })
    const whole = Found.all(of(1, 2))
    expect(whole.flatMap(({ n }) => Found.all([n, n]))).toMatchObject({
      seen: [1, 1, 2, 2],
      missing: undefined,
    })
    expect(whole.flatMap(({ n }) => (n === 2 ? Found.some([n], 'cut') : Found.all([n]))).missing).toBe('cut')
    expect(part.flatMap(({ n }) => Found.some([n], 'cut')).missing).toBe('lost')
  })

  it('is a plain list for those who only show it', () => {
    const value = {
      a: Found.some([{ b: Found.all([1n]) }], 'lost'),
      c: [Found.all(['x'])],
      d: null,
      e: undefined,
    }
    expect(stated(value)).toEqual({ a: [{ b: [1n] }], c: [['x']], d: null, e: undefined })
    expect(JSON.stringify(Found.all([1]))).toBe('[1]')
  })
})
