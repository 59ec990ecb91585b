import { describe, expect, it } from 'vitest'
import { Space } from '../../../../src/bpf/cast/flow/values.js'
import { type SlotFacts, SlotTable } from '../../../../src/bpf/cast/weigh/slot-facts.js'
import type { Stored } from '../../../../src/bpf/cast/weigh/stored-values.js'
import { knowledgeOf, makeTypes } from '../flow/support.js'
import { likely, loaded, lost, number, pointer, slotsOf } from './support.js'

const types = makeTypes()
const { inner, task, value } = types
const knowledge = knowledgeOf(types)
const { places } = knowledge
const { kernel, arena } = Space

const slotAt = slotsOf(knowledge, value)

const flags = slotAt(0)
const first = slotAt(0, inner)
const second = slotAt(8, inner)

describe('facts of slots', () => {
  const whole = slotAt(48, value, 8)
  const element = slotAt(56)

  it('of elements are those of their array also where that is the first slot of all', () => {
    const { places: other } = knowledgeOf(types)
    const [all, one] = [8, 0].map((stride) => other.at(value, 48, stride, 8))
    if (all?.kind !== 'slot' || one?.kind !== 'slot') throw new Error('there is no slot')
    expect(all.slot.id).toBe(0)
    expect(new SlotTable(other).canonical(one.slot)).toBe(all.slot)
  })

  it('of elements are those of their array, once it is used as one', () => {
    const table = new SlotTable(places)
    expect(table.canonical(element)).toBe(whole)
    expect(table.canonical(whole)).toBe(whole)
    expect(table.canonical(flags)).toBe(flags)
    const other = knowledgeOf(types)
    const alone = other.places.at(value, 56, 0, 8)
    if (alone.kind !== 'slot') throw new Error('there is no slot')
    const early = new SlotTable(other.places)
    expect(early.canonical(alone.slot)).toBe(alone.slot)
    // Everything that was noted of it goes to the whole.
    early.store(alone.slot, [pointer([inner])], 1, 'store', true)
    early.store(alone.slot, [pointer([task])], 2, 'store', false)
    early.store(alone.slot, [number, likely([task])], 3, 'store', true)
    early.of(alone.slot).uses.push({ at: 4, rule: 'argument', types: undefined, space: arena })
    early.of(alone.slot).numbers.push({ at: 5, why: 'arithmetic' })
    const before: SlotFacts = early.of(alone.slot)
    const all = other.places.at(value, 40, 8, 8)
    if (all.kind !== 'slot') throw new Error('there is no array')
    early.settle()
    expect([...early.all]).toEqual([{ ...before, slot: all.slot }])
    expect(before).toMatchObject({
      positives: [{ at: 1 }],
      perhaps: [{ at: 2 }],
      negatives: [
        { at: 3, why: 'a number is stored' },
        { at: 3, why: 'not always' },
      ],
      likely: [{ at: 3, stored: { kind: 'pointer', types: [task], space: kernel, size: undefined } }],
      isStored: true,
      isContradicted: true,
    })
  })

  it('say whether anything is stored, and whether that is certain', () => {
    const state = (stored: Stored) => {
      const table = new SlotTable(places)
      table.store(flags, [stored], 1, 'store', true)
      const { isStored, isContradicted, negatives } = table.of(flags)
      return [isStored, isContradicted, negatives.length]
    }
    expect(state({ kind: 'null' })).toEqual([true, false, 0])
    expect(state(pointer([inner]))).toEqual([true, false, 0])
    expect(state(number)).toEqual([true, true, 1])
    expect(state(loaded)).toEqual([true, false, 1])
    expect(state(lost)).toEqual([true, true, 1])
    expect(state(likely([task]))).toEqual([true, false, 1])
    const table = new SlotTable(places)
    expect(table.of(flags).isStored).toBe(false)
    table.doubt(table.of(flags), 3, 'perhaps')
    expect(table.of(flags)).toMatchObject({
      isStored: true,
      isContradicted: false,
      negatives: [{ at: 3, why: 'perhaps' }],
    })
    expect(table.byId(flags.id)).toBe(table.of(flags))
    expect(() => table.byId(9999)).toThrow('there is no slot 9999')
    expect(new Set([...table.within(new Set([inner]))].map(({ slot }) => slot))).toEqual(
      new Set([first, second]),
    )
  })
})
