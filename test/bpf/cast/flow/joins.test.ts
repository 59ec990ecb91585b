import { describe, expect, it, test } from 'vitest'
import { Space, TOP, type Value } from '../../../../src/bpf/cast/flow/values.js'
import { knowledgeOf, makeTypes, textOf } from './support.js'

const types = makeTypes()
const knowledge = knowledgeOf(types)
const { values } = knowledge

const constant = (n: number): Value => values.constant(n)
const pointer = (type: number, offset = 0, space: number = Space.kernel): Value =>
  values.typed(type, offset, 0, space)
const inner = pointer(types.inner)
const task = pointer(types.task)
/** What the members of `struct value` hold. */
const held = (offset: number): Value => knowledge.heldIn(types.value, offset, 0)
const flags = held(0)
const next = held(8)
const member = held(88)
const made = (at: number, general: Value): Value => knowledge.made('load', at, 0, general)
const cast = (value: Value): Value => values.cast(value, true)

/** Both ways round, which must be the same but for where the steps begin, and again, which is remembered. */
function joined(a: Value, b: Value): string {
  const value = knowledge.join(a, b)
  const steps = /[+]\d+(?=~)/g
  expect(textOf(knowledge, knowledge.join(b, a)).replace(steps, '')).toBe(
    textOf(knowledge, value).replace(steps, ''),
  )
  expect(knowledge.join(a, b)).toBe(value)
  return textOf(knowledge, value)
}

describe('where paths meet, a value is', () => {
  test.each([
    ['itself', inner, inner, 'inner kernel'],
    ['a multiple of what both are', constant(12), constant(18), 'n*6'],
    ['a multiple of what both are, below zero too', constant(-12), constant(18), 'n*6'],
    ['a multiple of what a number is that may be zero', constant(0), constant(24), 'n*24'],
    ['a multiple, of two multiples', values.scalar(16), values.scalar(24), 'n*8'],
    ['null, of both kinds of null', constant(0), cast(constant(0)), '0'],
    ['the pointer, where the other is null', inner, constant(0), 'inner kernel'],
    ['the slot, where the other is null', flags, constant(0), '[value+0]'],
    ['a number with relocated ones', values.core(8, 2), constant(12), 'n*4'],
    ['half an address, of halves', values.low(flags), values.low(held(24)), 'low {[inner+0] | [value+0]}'],
    [
      'half an address, in steps',
      values.low(inner),
      values.low(pointer(types.inner, 8)),
      'low inner~8 kernel',
    ],
    ['a number, of halves of nothing', values.low(flags), values.low(TOP), 'low {? | [value+0]}'],
    ['a number, of halves that are nothing', values.low(made(1, TOP)), values.low(TOP), 'number'],
    ['in steps of the distance', inner, pointer(types.inner, 8), 'inner~8 kernel'],
    ['either of two pointers', inner, task, '{inner kernel | task_struct kernel}'],
    ['either of pointer and number', inner, constant(7), '{7 | inner kernel}'],
    ['a pointer, or half of another', inner, values.low(task), '{inner kernel | number}'],
    ['either of two slots', flags, held(24), '{[inner+0] | [value+0]}'],
    ['anything', TOP, constant(7), '?'],
    ['anything or a pointer', TOP, inner, '{? | inner kernel}'],
    ['anything or what a slot holds', TOP, flags, '{? | [value+0]}'],
    ['anything or an arena address', TOP, cast(pointer(0)), '{? | memory^ arena}'],
    ['anything, and no memory without a type', TOP, pointer(0), '?'],
    ['anything, and no map', TOP, values.map(3), '?'],
    ['anything, of what two instructions make', made(1, TOP), made(2, TOP), '?'],
    ['what both origins are', made(1, inner), made(2, inner), 'inner kernel'],
    ['what either origin is', made(1, inner), made(2, task), '{inner kernel | task_struct kernel}'],
    ['null, of origins that are null', made(1, constant(0)), made(2, constant(0)), '0'],
    ['null or more, of an origin', made(1, inner), constant(0), 'load@1(inner kernel)'],
    ['the pointer that a slot is declared to hold', next, pointer(types.value), 'value'],
    ['the pointer that both slots hold', member, knowledge.heldIn(types.pair, 8, 0), 'task_struct'],
    ['either, where the slots hold different ones', member, next, '{[value+88] | [value+8]}'],
    ['either, where one is moved', member, pointer(types.task, 8), '{[value+88] | task_struct+8 kernel}'],
  ])('%s', (_, a, b, expected) => {
    expect(joined(a, b)).toBe(expected)
  })
})

describe('sets', () => {
  const innerOrTask = knowledge.join(inner, task)

  test.each([
    ['take what is new', innerOrTask, flags, '{[value+0] | inner kernel | task_struct kernel}'],
    ['take nothing twice', innerOrTask, task, '{inner kernel | task_struct kernel}'],
    [
      'take nothing twice that an origin is',
      innerOrTask,
      made(1, task),
      '{inner kernel | task_struct kernel}',
    ],
    [
      'take the members of an origin',
      made(1, innerOrTask),
      flags,
      '{[value+0] | inner kernel | task_struct kernel}',
    ],
    [
      'merge what belongs together',
      innerOrTask,
      pointer(types.task, 8),
      '{inner kernel | task_struct~8 kernel}',
    ],
    ['merge numbers', knowledge.join(inner, constant(12)), constant(18), '{inner kernel | n*6}'],
    ['stay as they are with null', innerOrTask, constant(0), '{inner kernel | task_struct kernel}'],
    [
      'hold no null that an origin is',
      innerOrTask,
      made(3, constant(0)),
      '{inner kernel | task_struct kernel}',
    ],
    [
      'hold a number where half an address is',
      innerOrTask,
      values.low(flags),
      '{inner kernel | number | task_struct kernel}',
    ],
    ['of anything hold pointers', innerOrTask, TOP, '{? | inner kernel | task_struct kernel}'],
    [
      'of anything hold pointers, of an origin too',
      innerOrTask,
      made(4, TOP),
      '{? | inner kernel | task_struct kernel}',
    ],
    ['of anything hold no numbers', knowledge.join(inner, constant(12)), TOP, '{? | inner kernel}'],
    ['of what is not worth it hold nothing', knowledge.join(values.map(1), values.map(2)), TOP, '?'],
  ])('%s', (_, a, b, expected) => {
    expect(joined(a, b)).toBe(expected)
  })

  it('become the pointer that all members are', () => {
    const slots = knowledge.join(knowledge.join(member, next), knowledge.heldIn(types.pair, 0, 0))
    expect(textOf(knowledge, slots)).toBe('{[pair+0] | [value+88] | [value+8]}')
    const same = values.set([member, knowledge.heldIn(types.pair, 0, 0)])
    expect(joined(same, knowledge.heldIn(types.pair, 8, 0))).toBe('task_struct')
  })

  const many = (count: number): Value[] =>
    [inner, task, values.map(1), flags, held(24), values.frame(-8), held(32), held(104)].slice(0, count)
  const joinAll = (all: readonly Value[]): Value => all.reduce((a, b) => knowledge.join(a, b))

  it('have six members, and of more than that only what they lead into', () => {
    expect(textOf(knowledge, joinAll(many(6)))).toBe(
      '{[inner+0] | [value+0] | frame-8 | inner kernel | map 1 | task_struct kernel}',
    )
    expect(textOf(knowledge, joinAll(many(7)))).toBe(
      '{[inner+0]~1 | [inner+8]~1 | [value+0]~1 | frame-512~1 | inner~1 kernel | map 1 | task_struct~1 kernel}',
    )
    expect(textOf(knowledge, joinAll([...many(5), constant(24), values.function(1)]))).toBe(
      '{? | [inner+0]~1 | [value+0]~1 | inner~1 kernel | map 1 | number | task_struct~1 kernel}',
    )
  })

  it('are anything, of too many that are nothing to follow', () => {
    expect(joinAll(Array.from({ length: 6 }, (_, n) => values.function(n)))).not.toBe(TOP)
    expect(joinAll(Array.from({ length: 7 }, (_, n) => values.function(n)))).toBe(TOP)
  })

  it('are still anything, of however many members', () => {
    const slots = [0, 24, 32, 40, 48, 56, 64, 104].map(held)
    const open = (count: number): string => textOf(knowledge, joinAll([TOP, ...slots.slice(0, count)]))
    expect(open(6)).toBe('{? | [inner+0] | [inner+8] | [value+0] | [value+40] | [value+48] | [value+56]}')
    expect(open(7)).toMatch(/^{\? \| (\[(value|inner)[^|]*~1( \| )?){7}}$/)
    expect(joined(joinAll([TOP, ...slots.slice(0, 4)]), joinAll([TOP, ...slots.slice(4)]))).toMatch(/^{\? /)
  })

  it('lose sight of what is more than 48, and say which types that concerns', () => {
    const other = knowledgeOf(types)
    // Slots of sections of their own; the pointer to a type is what is lost.
    const all = [
      other.values.typed(types.inner, 8, 0, Space.kernel),
      ...Array.from({ length: 48 }, (_, n) => other.values.map(n + 1)),
    ]
    const join = (of: readonly Value[]): Value => of.reduce((a, b) => other.join(a, b))
    const most = join(all.slice(0, 48))
    expect(other.values.members(most)).toHaveLength(48)
    expect(other.lost.size).toBe(0)
    expect(join(all)).toBe(TOP)
    expect([...other.lost]).toEqual([types.inner])
  })
})

it('is asked anew when more is proven of slots', () => {
  const own = knowledgeOf(types)
  const [a, b] = [own.heldIn(types.value, 0, 0), own.heldIn(types.inner, 0, 0)]
  expect(textOf(own, own.join(a, b))).toBe('{[inner+0] | [value+0]}')
  const proven = { target: types.task, space: Space.arena }
  own.prove(new Map([a, b].map((slot) => [own.values.ref(slot), proven])))
  expect(textOf(own, own.join(a, b))).toBe('task_struct arena')
})
