import { describe, expect, it, test } from 'vitest'
import { gcd, Space, TOP, type Value, ValueKind, Values } from '../../../../src/bpf/cast/flow/values.js'
import { knowledgeOf, makeTypes, textOf } from './support.js'

const knowledge = knowledgeOf(makeTypes())
const { values } = knowledge
const text = (value: Value): string => textOf(knowledge, value)
const far = 2 ** 31

describe('equal values are one number', () => {
  /** One of everything; none equals another. */
  const all = (of: Values): Value[] => [
    of.constant(0),
    of.constant(8),
    of.constant(-8),
    of.cast(of.constant(0), true),
    of.scalar(1),
    of.scalar(8),
    of.origin(0),
    of.origin(1),
    of.slot(0),
    of.slot(1),
    of.typed(1, 0, 0, Space.unknown),
    of.typed(2, 0, 0, Space.unknown),
    of.typed(1, 8, 0, Space.unknown),
    of.typed(1, 0, 8, Space.unknown),
    of.typed(1, 0, 0, Space.arena),
    of.typed(1, 0, 0, Space.kernel),
    of.cast(of.typed(1, 0, 0, Space.unknown), true),
    of.callersStack(),
    of.apart(),
    of.section(0, 0),
    of.section(1, 0),
    of.section(0, 8),
    of.frame(0),
    of.frame(-8),
    of.map(1),
    of.function(1),
    of.context(1),
    of.core(4, 1),
    of.core(8, 1),
    of.core(4, 2),
    of.low(of.slot(0)),
    of.set([of.slot(0), of.slot(1)]),
    of.set([of.slot(0), of.slot(1), TOP]),
  ]

  test('and different ones are different numbers, however many there are', () => {
    const made = new Values()
    const first = all(made)
    expect(new Set([TOP, ...first]).size).toBe(first.length + 1)
    // The table grows twice on the way.
    const numbers = Array.from({ length: 9000 }, (_, n) => made.constant(1000 + n))
    expect(new Set(numbers).size).toBe(9000)
    expect(all(made)).toEqual(first)
    expect(numbers.map((value) => made.offset(value))).toEqual(numbers.map((_, n) => 1000 + n))
    expect(Array.from({ length: 9000 }, (_, n) => made.constant(1000 + n))).toEqual(numbers)
  })

  test('in whatever order the values of a set come', () => {
    const [a, b] = [values.slot(3), values.slot(4)]
    expect(values.set([a, b])).toBe(values.set([b, a]))
    expect(values.members(values.set([b, a]))).toEqual([a, b])
    expect(values.members(a)).toEqual([a])
  })
})

describe('what a value is', () => {
  test.each([
    ['anything', TOP, [false, false, false]],
    ['null', values.constant(0), [false, true, true]],
    ['a number', values.constant(4), [false, true, false]],
    ['any number', values.scalar(1), [false, true, false]],
    ['an origin', values.origin(0), [true, false, false]],
    ['a slot', values.slot(0), [true, false, false]],
    ['a typed pointer', values.typed(1, 0, 0, 0), [true, false, false]],
    ['an address in a section', values.section(0, 0), [true, false, false]],
    ['an address on the stack', values.frame(0), [true, false, false]],
    ['a map', values.map(0), [false, false, false]],
    ['a function', values.function(0), [false, false, false]],
    ['a context', values.context(0), [false, false, false]],
    ['a relocated number', values.core(0, 1), [false, true, false]],
    ['half an address', values.low(values.slot(0)), [false, false, false]],
    ['a set', values.set([values.slot(0), values.slot(1)]), [false, false, false]],
  ] as const)('%s', (_, value, [isAddress, isNumber, isNull]) => {
    expect(values.isAddress(value)).toBe(isAddress)
    expect(values.isNumber(value)).toBe(isNumber)
    expect(values.isNull(value)).toBe(isNull)
  })

  test('the stack of callers and memory apart are nothing else', () => {
    const memory = values.typed(0, 0, 0, Space.kernel)
    const kinds = [values.callersStack(), values.apart(), memory].map((value) => [
      values.isCallersStack(value),
      values.isApart(value),
      values.space(value),
    ])
    expect(kinds).toEqual([
      [true, false, Space.unknown],
      [false, true, Space.kernel],
      [false, false, Space.kernel],
    ])
    expect(values.isApart(values.section(0, 0))).toBe(false)
    // Addresses into them stay that.
    expect(values.isCallersStack(values.shift(values.callersStack(), 8))).toBe(true)
    expect(values.isApart(values.shift(values.apart(), 8))).toBe(true)
  })

  test('numbers that a double cannot hold are any number, as is a multiple of what is none', () => {
    expect(text(values.constant(2 ** 53))).toBe('number')
    expect(text(values.constant(2 ** 53 - 1))).toBe(`${2 ** 53 - 1}`)
    expect([0, -8, 2 ** 40 + 1].map((stride) => text(values.scalar(stride)))).toEqual(Array(3).fill('number'))
    expect(text(values.scalar(2 ** 40))).toBe(`n*${2 ** 40}`)
  })
})

describe('addresses', () => {
  const base = values.typed(0, 8, 0, Space.unknown)

  test.each([
    ['by nothing', values.shift(base, 0), 'memory+8'],
    ['by bytes', values.shift(base, 16), 'memory+24'],
    ['backwards', values.shift(base, -16), 'memory-8'],
    ['by multiples', values.shift(base, 0, 24), 'memory+8~24'],
    ['by both', values.shift(base, 4, 24), 'memory+12~24'],
    ['by multiples of two numbers', values.shift(values.shift(base, 0, 24), 0, 16), 'memory+8~8'],
    ['as far as 2 GiB', values.shift(base, far - 8), `memory+${far}`],
    ['as far as 2 GiB down', values.shift(base, -far - 8), `memory${-far}`],
    ['farther', values.shift(base, far - 7), '?'],
    ['farther down', values.shift(base, -far - 9), '?'],
    ['by multiples of 2^40', values.shift(base, 0, 2 ** 40), `memory+8~${2 ** 40}`],
    ['by multiples of more', values.shift(base, 0, 2 ** 40 + 1), '?'],
    ['that are cast', values.shift(values.cast(base, true), 8), 'memory+16^ arena'],
    ['that are none', values.shift(values.map(3), 8), 'map 3'],
    ['anywhere', values.anywhere(base), 'memory~1'],
  ])('move %s', (_, moved, expected) => {
    expect(text(moved)).toBe(expected)
  })

  it('are not made of what has no offset', () => {
    for (const value of [values.map(3), values.constant(4), values.scalar(8), TOP])
      expect(values.shift(value, 8, 16)).toBe(value)
  })

  it('are cast from and to the arena', () => {
    const cast = values.cast(base, true)
    expect([values.isCast(base), values.isCast(cast)]).toEqual([false, true])
    expect(values.space(cast)).toBe(Space.arena)
    expect(values.cast(cast, true)).toBe(cast)
    expect(values.cast(cast, false)).toBe(base)
    expect(values.cast(values.map(3), true)).toBe(values.map(3))
    const none = values.cast(values.constant(0), true)
    expect([values.isNull(none), values.isCast(none)]).toEqual([true, true])
    expect(values.cast(none, false)).toBe(values.constant(0))
  })

  it('are put into a space where they have a type', () => {
    expect(values.inSpace(base, Space.kernel)).toBe(values.typed(0, 8, 0, Space.kernel))
    expect(values.inSpace(values.typed(0, 8, 16, Space.mixed), Space.arena)).toBe(
      values.typed(0, 8, 16, Space.arena),
    )
    expect(values.inSpace(values.slot(0), Space.kernel)).toBe(values.slot(0))
  })
})

describe('two addresses in the same thing', () => {
  const at = (offset: number, stride = 0, space: number = Space.kernel): Value =>
    values.typed(0, offset, stride, space)

  test.each([
    ['with their distance', at(8), at(24), 'memory+8~16 kernel'],
    ['with their distance, backwards', at(24), at(8), 'memory+24~16 kernel'],
    ['with distance and strides', at(8, 24), at(24, 32), 'memory+8~8 kernel'],
    ['with the stride of one', at(8, 24), at(8), 'memory+8~24 kernel'],
    ['from the lowest, on the stack', values.frame(-8), values.frame(-24), 'frame-24~16'],
    ['from the lowest, on the stack, the other way', values.frame(-24), values.frame(-8), 'frame-24~16'],
    ['of unknown space', at(8), at(8, 0, Space.unknown), 'memory+8'],
    ['of unknown space, the other way', at(8, 0, Space.unknown), at(8), 'memory+8'],
    ['of different spaces', at(8), at(8, 0, Space.arena), 'memory+8 mixed'],
    ['of mixed and unknown space', at(8, 0, Space.mixed), at(8, 0, Space.unknown), 'memory+8 mixed'],
    ['of unknown and mixed space', at(8, 0, Space.unknown), at(8, 0, Space.mixed), 'memory+8 mixed'],
    ['that are cast', values.cast(at(8), true), values.cast(at(16), true), 'memory+8~8^ arena'],
  ])('are one %s', (_, a, b, expected) => {
    expect(text(values.merge(a, b) ?? TOP)).toBe(expected)
  })

  test.each([
    ['types', values.typed(1, 0, 0, 0), values.typed(2, 0, 0, 0)],
    ['kinds', values.slot(1), values.origin(1)],
    ['forms', at(8), values.cast(at(8), true)],
    ['maps', values.map(1), values.map(1)],
  ])('are not one where they have different %s, or have no offset', (_, a, b) => {
    expect(values.merge(a, b)).toBeUndefined()
  })
})

test('the greatest common divisor of nothing and a number is the number', () => {
  expect([gcd(0, 24), gcd(24, 0), gcd(24, 36), gcd(7, 5), gcd(0, 0)]).toEqual([24, 24, 12, 1, 0])
})

test('the kinds that have an offset are next to each other', () => {
  const { origin, slot, typed, section, frame } = ValueKind
  expect([slot - origin, typed - slot, section - typed, frame - section]).toEqual([1, 1, 1, 1])
})
