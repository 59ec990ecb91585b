import { beforeEach, describe, expect, it, test } from 'vitest'
import { Dominance } from '../../../../src/bpf/cast/code/dominance.js'
import { Space, TOP, type Value } from '../../../../src/bpf/cast/flow/values.js'
import { shareUses } from '../../../../src/bpf/cast/weigh/shared-uses.js'
import { type Order, type Stored, StoredValues } from '../../../../src/bpf/cast/weigh/stored-values.js'
import { makeTypes } from '../flow/support.js'
import { type Seen, seenIn, withVariable } from './support.js'

const shapes = makeTypes()
const { inner, value } = shapes
const { unknown, kernel, arena, mixed } = Space
const { more } = withVariable(shapes)

let knowledge: Seen['knowledge']
let evidence: Seen['evidence']
let slot: Seen['slot']
let made: Seen['made']
const at = 9

beforeEach(() => {
  ;({ knowledge, evidence, slot, made } = seenIn(shapes, more))
})

const ref = (of: Value): number => knowledge.values.ref(of)

/** Instructions are blocks of their own: 0 -> 1 … 9 in a row, 10 beside them, 20 … in another function. */
const row = Array.from({ length: 10 }, (_, n) => n)
const blocks = [
  ...row.map((n) => ({ start: n, end: n + 1, successors: n === 0 ? [1, 10] : n === 9 ? [] : [n + 1] })),
  { start: 10, end: 11, successors: [9] },
]
const dominance = new Dominance(blocks)
const order: Order = {
  between: (one, other) => (one <= 10 && other <= 10 ? { dominance, blocks: [one, other] } : undefined),
}
/** The same in one block. */
const together: Order = { between: () => ({ dominance, blocks: [3, 3] }) }

describe('two instructions always come together', () => {
  const always = (view: number, store: number, of: Value, by: Order = order): boolean =>
    new StoredValues(knowledge, evidence, by).alwaysTogether(view, store, ref(of))

  test.each([
    ['the view before', 3, 5, 1, true],
    ['the view after, on every way', 9, 5, 1, true],
    ['the view beside', 10, 5, 0, false],
    ['the store beside, the view behind both', 9, 10, 0, true],
    ['in another function', 20, 5, 0, false],
    ['what is made in another function', 3, 5, 20, false],
  ])('%s', (_, view, store, making, expected) => {
    expect(always(view, store, made(making))).toBe(expected)
  })

  it('in one block, unless the value is made in between', () => {
    const both = (view: number, store: number, making: number) => always(view, store, made(making), together)
    expect([
      both(3, 7, 1),
      both(3, 7, 3),
      both(3, 7, 5),
      both(3, 7, 7),
      both(7, 3, 5),
      both(3, 7, 9),
    ]).toEqual([true, true, false, true, false, true])
    const parameter = knowledge.arrives(0, 5, 0, TOP)
    expect(always(3, 7, parameter, together)).toBe(true)
  })

  it('no value that is not there', () => {
    expect(new StoredValues(knowledge, evidence, together).alwaysTogether(1, 1, 999)).toBe(false)
  })

  it('around a loop, only where the value is not made anew', () => {
    // 0 -> 1 -> 2 -> 3 -> 1, 3 -> 4: what is made in 1 and stored in 3 is not what 2 sees next time.
    const loop = new Dominance(
      [[1], [2], [3], [1, 4], []].map((successors, n) => ({ start: n, end: n + 1, successors })),
    )
    const by: Order = { between: (one, other) => ({ dominance: loop, blocks: [one, other] }) }
    expect(always(4, 3, made(1), by)).toBe(false)
    expect(always(4, 3, made(0), by)).toBe(true)
    expect(always(4, 3, knowledge.arrives(0, 1, 0, TOP), by)).toBe(true)
  })
})

describe('what is stored', () => {
  const describeValue = (of: Value, stored = 5): Stored | undefined =>
    new StoredValues(knowledge, evidence, order).describe(of, stored)[0]
  const numbers = {
    'the number 5 is stored': () => knowledge.values.constant(5),
    'a number is stored': () => knowledge.values.scalar(8),
    'the low half of an address is stored': () => knowledge.values.low(slot(0)),
  }
  const lost = {
    'an address on the stack is stored': () => knowledge.values.frame(-8),
    'a value of unknown origin is stored': () => TOP,
    'an arena address is stored in the form that only instructions use': () =>
      knowledge.values.cast(slot(0), true),
  }

  it.each(Object.entries(numbers))('%s', (why, make) => {
    expect(describeValue(make())).toEqual({ kind: 'number', why })
  })

  it.each(Object.entries(lost))('%s', (why, make) => {
    expect(describeValue(make())).toEqual({ kind: 'unknown', why })
  })

  it('is one of each that it may be', () => {
    const { values } = knowledge
    const described = new StoredValues(knowledge, evidence, order)
    const both = values.set([values.constant(7), values.typed(value, 0, 0, kernel)])
    expect(described.describe(both, 5)).toEqual([
      { kind: 'number', why: 'the number 7 is stored' },
      { kind: 'pointer', types: [value], space: kernel, size: undefined },
    ])
    expect(described.describe(values.core(4, 1), 5)).toEqual([{ kind: 'number', why: 'a number is stored' }])
    expect(described.describe(values.constant(0), 5)).toEqual([{ kind: 'null' }])
    expect(described.describe(values.context(0), 5)).toEqual([
      { kind: 'unknown', why: 'a value of unknown origin is stored' },
    ])
    // Whoever stores it.
    const number = values.scalar(1)
    expect(described.describe(number, 5)).toBe(described.describe(number, 6))
  })

  it('is a pointer by its type, its place or its map', () => {
    const { values } = knowledge
    const pointer = (of: number[], space: number, size?: number) => ({
      kind: 'pointer',
      types: of,
      space,
      size,
    })
    expect(describeValue(values.typed(value, 24, 0, kernel))).toEqual(pointer([inner], kernel))
    expect(describeValue(values.typed(0, 0, 0, arena))).toEqual(pointer([], arena))
    expect(describeValue(knowledge.sectionAddress(0, 24))).toEqual(pointer([inner], kernel))
    expect(describeValue(values.map(value))).toEqual(pointer([], kernel))
    expect(describeValue(made(1, values.map(value)))).toEqual(pointer([], kernel))
    // The space is where it is followed to, if nothing else says.
    const origin = made(2, values.typed(value, 0, 0, unknown))
    expect(describeValue(origin)).toEqual(pointer([value], unknown))
    evidence.follow(at, origin, arena, 'arena cast')
    expect(describeValue(origin)).toEqual(pointer([value], arena))
    evidence.follow(at, origin, arena, 'arena cast')
    expect(describeValue(origin)).toEqual(pointer([value], arena))
    evidence.follow(at, origin, kernel, 'dereference')
    expect(describeValue(origin)).toEqual(pointer([value], mixed))
    expect(describeValue(made(3, values.typed(value, 0, 0, kernel)))).toEqual(pointer([value], kernel))
  })

  it('is as large as it was allocated, at its start', () => {
    const { values } = knowledge
    const memory = values.typed(0, 0, 0, arena)
    const block = made(1, memory, values.constant(48))
    expect(describeValue(block)).toMatchObject({ types: [], size: 48 })
    expect(describeValue(values.shift(block, 8))).toMatchObject({ types: [], size: undefined })
    expect(describeValue(made(1, memory))).toMatchObject({ types: [], size: undefined })
    evidence.view(3, block, inner, 'argument')
    expect(describeValue(block)).toEqual({ kind: 'pointer', types: [inner], space: arena, size: undefined })
  })

  it('is a copy of what a slot holds', () => {
    const { values } = knowledge
    const copy = (offset: number, stride: number, space: number) => ({
      kind: 'copy',
      slot: ref(slot(0)),
      offset,
      stride,
      space,
    })
    expect(describeValue(slot(0))).toEqual(copy(0, 0, unknown))
    expect(describeValue(made(1, slot(0)))).toEqual(copy(0, 0, unknown))
    expect(describeValue(values.shift(made(1, slot(0)), 8, 16))).toEqual(copy(8, 16, unknown))
    evidence.follow(at, slot(0), kernel, 'dereference')
    expect(describeValue(slot(0))).toEqual(copy(0, 0, kernel))
  })

  it('is what it is always taken for, if nothing else is known', () => {
    const { values } = knowledge
    const origin = made(1)
    const types = (offset = 0, store = 5) => {
      const stored = describeValue(values.shift(origin, offset), store)
      return stored?.kind === 'pointer' ? stored.types : stored
    }
    const nobody = { kind: 'unknown', why: 'a value of unknown origin is stored', isLoaded: true }
    expect(types()).toEqual(nobody)
    evidence.view(3, origin, value, 'argument')
    expect(types()).toEqual([value])
    expect(types(24)).toEqual([inner])
    expect(types(108)).toEqual(nobody)
    expect(types(112)).toEqual(nobody)
    expect(types(-8)).toEqual(nobody)
    // The same in another way: only what both say.
    evidence.view(4, origin, shapes.list, 'argument')
    expect(types()).toEqual({ ...nobody })
    // A member is what it is taken for itself, beyond the end of what the whole is taken for.
    const whole = made(5)
    evidence.view(3, whole, inner, 'argument')
    evidence.view(4, knowledge.values.shift(whole, 24), shapes.task, 'argument')
    const part = (offset: number) => describeValue(values.shift(whole, offset))
    expect(part(24)).toMatchObject({ kind: 'pointer', types: [shapes.task] })
    expect(part(0)).toMatchObject({ kind: 'pointer', types: [inner] })
    expect(part(16)).toMatchObject({ kind: 'unknown' })
    const declared = made(6)
    evidence.view(3, declared, shapes.forward, 'argument')
    evidence.view(4, knowledge.values.shift(declared, 8), shapes.task, 'argument')
    expect(describeValue(declared)).toMatchObject({ kind: 'pointer', types: [shapes.forward] })
    expect(describeValue(values.shift(declared, 8))).toMatchObject({ kind: 'pointer', types: [shapes.task] })
    // In another function it is only likely.
    const other = made(2)
    evidence.view(25, other, value, 'argument')
    const likely = { types: [value], space: unknown }
    expect(describeValue(other)).toEqual({ ...nobody, likely })
    evidence.follow(at, other, kernel, 'dereference')
    expect(describeValue(other)).toEqual({ ...nobody, likely: { types: [value], space: kernel } })
    evidence.follow(at, other, arena, 'arena cast')
    expect(describeValue(other)).toEqual(nobody)
    const called = knowledge.made('call', 3, 0, TOP)
    expect(describeValue(called)).toEqual({ ...nobody, isLoaded: false })
    // In steps, or in the form of instructions, it is nothing of the kind.
    const viewed = made(4)
    evidence.view(4, viewed, value, 'argument')
    expect(describeValue(values.shift(viewed, 0, 8))).toMatchObject({ kind: 'unknown' })
    expect(describeValue(values.cast(viewed, true))).toMatchObject({ kind: 'unknown' })
  })
})

describe('uses are shared', () => {
  const follows = (of: Value) =>
    (knowledge.originOf(of) === undefined ? evidence.slotFollows : evidence.follows).get(ref(of)) ?? []
  const share = (by: Order = order) => shareUses(knowledge, evidence, by)

  it('with what a value is computed from', () => {
    const base = made(1)
    const derived = made(2, TOP, TOP, base)
    evidence.follow(at, derived, arena, 'arena cast')
    share()
    expect(follows(base)).toEqual([{ at, space: arena, rule: 'arena cast' }])
    const twice = knowledge.heldIn(inner, 0, 0)
    evidence.follow(at, made(3, TOP, TOP, twice), kernel, 'dereference')
    share()
    expect(follows(twice)).toEqual([{ at, space: kernel, rule: 'dereference' }])
  })

  it('with what callers pass, if it is so on every way', () => {
    const parameter = knowledge.arrives(1, 0, 2, TOP)
    const [passed, other] = [made(2), made(3)]
    const argument = (passes: number) => [{ at: passes, space: arena, rule: 'argument' }]
    evidence.pass(30, passed, 1, 2)
    evidence.pass(31, other, 1, 1)
    // With one caller, it is so if it is so anywhere.
    evidence.follow(5, parameter, arena, 'arena cast')
    share()
    expect([follows(passed), follows(other)]).toEqual([argument(30), []])
    const second = made(4)
    evidence.pass(32, second, 1, 2)
    share()
    expect(follows(second)).toEqual([])
    evidence.follow(9, parameter, arena, 'arena cast')
    share()
    expect(follows(second)).toEqual(argument(32))
  })

  it('with what a function returns, if that is one value', () => {
    const result = knowledge.made('call', 20, 0, TOP)
    const returned = made(2)
    evidence.give(40, returned, 1)
    evidence.follow(at, result, arena, 'arena cast')
    share()
    expect(follows(returned)).toEqual([{ at: 40, space: arena, rule: 'return' }])
    evidence.give(41, returned, 1)
    evidence.follows.delete(ref(returned))
    share()
    expect(follows(returned).map(({ at }) => at)).toEqual([40, 41])
    evidence.give(42, made(3), 1)
    evidence.follows.delete(ref(returned))
    share()
    expect(follows(returned)).toEqual([])
    // Of a load at such an instruction nothing is shared.
    evidence.follow(at, made(20), kernel, 'dereference')
    share()
    expect(follows(returned)).toEqual([])
  })
})
