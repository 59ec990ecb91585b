import { beforeEach, describe, expect, it } from 'vitest'
import { Space, TOP, type Value } from '../../../../src/bpf/cast/flow/values.js'
import { makeTypes } from '../flow/support.js'
import { type Seen, seenIn, withVariable } from './support.js'

const shapes = makeTypes()
const { b, ints, inner, task, value } = shapes
const { unknown, kernel, arena } = Space
const { bss, more } = withVariable(shapes)

let knowledge: Seen['knowledge']
let evidence: Seen['evidence']
let slot: Seen['slot']
let made: Seen['made']
const at = 9

beforeEach(() => {
  ;({ knowledge, evidence, slot, made } = seenIn(shapes, more))
})

const ref = (of: Value): number => knowledge.values.ref(of)

describe('an access', () => {
  it('through what a slot holds shows that it is an address', () => {
    const [flags, moved] = [slot(0), made(1, slot(104))]
    evidence.access(at, flags, 8, 8)
    evidence.access(at + 1, moved, 0, 8)
    evidence.access(at + 2, knowledge.values.cast(flags, true), 0, 8)
    expect([...evidence.basedOn]).toEqual([
      [ref(flags), [at, at + 2]],
      [ref(slot(104)), [at + 1]],
    ])
    // As it is, it can only be one in the kernel.
    expect(evidence.slotFollows.get(ref(flags))).toEqual([{ at, space: kernel, rule: 'dereference' }])
    expect(evidence.follows.get(ref(moved))).toEqual([{ at: at + 1, space: kernel, rule: 'dereference' }])
    // What is cast before it is known as the slot says nothing of the slot.
    evidence.access(at, made(2, knowledge.values.cast(slot(96 + 8), true)), 0, 8)
    expect(evidence.basedOn.get(ref(slot(104)))).toEqual([at + 1])
  })

  it('shows how far an object is used', () => {
    const of = made(1)
    const { values } = knowledge
    const reach = (base: Value, displacement: number, width: number) => {
      evidence.access(at, base, displacement, width)
      return evidence.reach.get(ref(of))
    }
    expect(reach(of, 16, 4)).toBe(20)
    expect(reach(of, 0, 8)).toBe(20)
    expect(reach(values.shift(of, 16), 8, 8)).toBe(32)
    expect(reach(values.frame(0), -8, 8)).toBe(32)
    expect(evidence.reach.size).toBe(1)
  })

  it('shows in which spaces a type is', () => {
    const { values } = knowledge
    const pointer = values.typed(value, 0, 0, unknown)
    evidence.access(at, pointer, 0, 8)
    expect([...evidence.residence]).toEqual([[value, 1 << kernel]])
    evidence.access(at, values.cast(pointer, true), 0, 8)
    expect([...evidence.residence]).toEqual([[value, (1 << kernel) | (1 << arena)]])
    evidence.access(at, knowledge.sectionAddress(0, 0), 0, 8)
    expect(evidence.residence.get(bss)).toBe(1 << kernel)
  })

  it('of a part takes a word for a number', () => {
    const pointer = knowledge.values.typed(value, 0, 0, kernel)
    const numbers = (displacement: number, width: number) => {
      evidence.numbers.clear()
      evidence.access(at, pointer, displacement, width)
      return [...evidence.numbers.values()]
    }
    expect(numbers(0, 8)).toEqual([])
    expect(numbers(4, 8)).toEqual([])
    expect(numbers(16, 4)).toEqual([])
    expect(numbers(4, 4)).toEqual([{ at, why: 'only a part of it is read or written' }])
  })

  it('is to the arena where one of its bases is cast, whatever the others are', () => {
    const { values } = knowledge
    const [cast, plain] = [values.cast(slot(0), true), slot(104)]
    expect([plain, TOP, values.scalar(1), cast].map((base) => evidence.spaceOfAccess(at, base))).toEqual([
      kernel,
      unknown,
      unknown,
      arena,
    ])
    evidence.access(at, values.set([plain, cast]), 0, 8)
    expect([plain, TOP].map((base) => evidence.spaceOfAccess(at, base))).toEqual([arena, arena])
    expect(evidence.spaceOfAccess(at + 1, plain)).toBe(kernel)
  })
})

describe('what is written down', () => {
  it('of stores and overwritten memory is what is not on the stack', () => {
    const { values } = knowledge
    const [frame, context, number] = [values.frame(-8), values.context(0), values.scalar(1)]
    for (const base of [frame, context, number, slot(0)]) evidence.store(at, base, 8, 8, TOP, 'store')
    expect(evidence.stores.map(({ base }) => base)).toEqual([number, slot(0)])
    for (const base of [frame, context, number, slot(0)]) evidence.overwrite(at, base, 8, 'why')
    expect(evidence.overwrites.map(({ pointer }) => pointer)).toEqual([context, slot(0)])
  })

  it('of views is of structs, and where it begins', () => {
    const { values } = knowledge
    const [origin, held] = [made(1), slot(0)]
    const seen = (of: Value, type: number): number => {
      evidence.view(at, of, type, 'argument')
      return [...evidence.views.values(), ...evidence.slotViews.values()].flat().length
    }
    expect(seen(origin, ints.u64)).toBe(0)
    expect(seen(origin, b.nextId)).toBe(0)
    expect(seen(values.shift(origin, 0, 8), inner)).toBe(0)
    expect(seen(values.typed(value, 0, 0, kernel), inner)).toBe(0)
    expect(seen(origin, inner)).toBe(1)
    expect(seen(values.shift(origin, 8), shapes.forward)).toBe(2)
    expect(seen(held, task)).toBe(3)
    expect(evidence.views.get(ref(origin))).toEqual([
      { at, offset: 0, type: inner, rule: 'argument' },
      { at, offset: 8, type: shapes.forward, rule: 'argument' },
    ])
    expect(evidence.slotViews.get(ref(held))).toEqual([{ at, offset: 0, type: task, rule: 'argument' }])
  })

  it('of numbers is of what slots hold, the first time', () => {
    const { values } = knowledge
    const all = [
      slot(0),
      values.low(knowledge.heldIn(inner, 0, 0)),
      made(1, knowledge.heldIn(inner, 8, 0)),
      values.low(made(2, slot(104))),
    ]
    evidence.number(at, values.set(all), 'arithmetic')
    evidence.number(at + 1, slot(0), 'again')
    evidence.number(at, values.typed(value, 0, 0, kernel), 'arithmetic')
    const slots = [slot(0), knowledge.heldIn(inner, 0, 0), knowledge.heldIn(inner, 8, 0), slot(104)]
    expect(evidence.numbers).toEqual(new Map(slots.map((one) => [ref(one), { at, why: 'arithmetic' }])))
  })

  it('of what is passed, given and escapes is what may be an address', () => {
    const { values } = knowledge
    for (const of of [slot(0), values.scalar(1), TOP]) evidence.pass(at, of, 1, 0)
    expect(evidence.passes).toEqual([{ at, value: slot(0), called: 1, parameter: 0 }])
    for (const of of [slot(0), values.constant(0), TOP]) evidence.give(at, of, 1)
    expect(evidence.gives.map(({ value }) => value)).toEqual([slot(0), TOP])
    const address = values.typed(value, 8, 16, arena)
    evidence.escape(at, values.set([address, slot(0), knowledge.sectionAddress(0, 0)]))
    evidence.escape(at, address)
    expect([...evidence.escapes.values()].toSorted((a, b) => a.offset - b.offset)).toEqual([
      {
        root: bss,
        offset: 0,
        stride: 0,
        space: kernel,
        variable: { section: 0, part: 0, offset: 0, size: 112 },
      },
      { root: value, offset: 8, stride: 16, space: arena, variable: undefined },
    ])
  })
})
