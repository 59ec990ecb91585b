import { beforeEach, describe, expect, it, test } from 'vitest'
import type { Slot } from '../../../../src/bpf/cast/flow/places.js'
import { Space } from '../../../../src/bpf/cast/flow/values.js'
import type { LooseStore } from '../../../../src/bpf/cast/weigh/attribution.js'
import { type Conclusion, Conclusions, type Degree } from '../../../../src/bpf/cast/weigh/conclusions.js'
import type { EscapedAddress } from '../../../../src/bpf/cast/weigh/evidence.js'
import { LooseStores } from '../../../../src/bpf/cast/weigh/loose-stores.js'
import { SlotTable } from '../../../../src/bpf/cast/weigh/slot-facts.js'
import type { Stored } from '../../../../src/bpf/cast/weigh/stored-values.js'
import { makeTypes } from '../flow/support.js'
import { loaded, lost, number, pointer, type Seen, seenIn, slotsOf, withVariable } from './support.js'

const types = makeTypes()
const { value, inner, task, list, pair } = types
const { unknown, kernel, arena, mixed } = Space
const { more, bss } = withVariable(types)
const toTask: Conclusion & { kind: 'pointer' } = {
  kind: 'pointer',
  types: [task],
  space: kernel,
  size: undefined,
}

let knowledge: Seen['knowledge']
let evidence: Seen['evidence']
let table: SlotTable
let slot: (offset: number, type?: number, stride?: number) => Slot

beforeEach(() => {
  ;({ knowledge, evidence } = seenIn(types, more))
  table = new SlotTable(knowledge.places)
  slot = slotsOf(knowledge, value)
})

/** A number into the first word of an object in the kernel. */
const store = (of: Partial<LooseStore> = {}): LooseStore => ({
  at: 9,
  space: kernel,
  offsets: [0],
  isBehind: false,
  around: undefined,
  width: 8,
  stored: [number],
  reach: 0,
  isThroughInteger: false,
  ...of,
})

/** The instruction that speaks against a slot, and why. */
function against(
  stores: LooseStore | readonly LooseStore[],
  of: Slot,
  { conclusion = toTask, degree = 'proven' as Degree } = {},
): { at: number | undefined; why: string } | undefined {
  const conclusions = new Conclusions(knowledge, table, degree)
  const all = Array.isArray(stores) ? stores : [stores]
  return new LooseStores(knowledge, evidence, all, table, conclusions).against(of, conclusion)
}

const isHit = (...of: Parameters<typeof against>): boolean => against(...of) !== undefined

describe('a store into memory of unknown type counts against a slot', () => {
  it('at the same place, and says so', () => {
    expect(against(store(), slot(0))).toEqual({
      at: 9,
      why: 'something else is stored at this offset of an object of unknown type',
    })
    expect(isHit(store({ offsets: [104] }), slot(0))).toBe(false)
    expect(isHit(store({ offsets: [104, 0] }), slot(0))).toBe(true)
    expect(isHit(store({ offsets: undefined }), slot(0))).toBe(true)
  })

  test.each([
    [-8, 8, false],
    [-7, 8, true],
    [-4, 4, false],
    [-4, 8, true],
    [7, 1, true],
    [8, 8, false],
  ])('where the bytes from %i, %i of them, are some of its own', (offset, width, expected) => {
    expect(isHit(store({ offsets: [104 + offset], width }), slot(104))).toBe(expected)
  })

  it('of a whole array, at any of its elements', () => {
    const words = slot(40, value, 8)
    const hit = [32, 40, 48, 64, 71, 72].filter((offset) => isHit(store({ offsets: [offset] }), words))
    expect(hit).toEqual([40, 48, 64, 71])
    // Of an element alone, only there.
    const element = slot(48)
    expect([40, 48, 56].filter((offset) => isHit(store({ offsets: [offset] }), element))).toEqual([48])
  })

  it('unless the object is used beyond the end of the struct', () => {
    expect(isHit(store({ reach: 112 }), slot(0))).toBe(true)
    expect(isHit(store({ reach: 113 }), slot(0))).toBe(false)
    // Of the inner struct nothing is that far, of one that it is used in something is.
    const first = slot(0, inner)
    expect(isHit(store({ offsets: [24], reach: 32 }), first)).toBe(false)
    evidence.residence.set(value, 1 << kernel)
    expect(isHit(store({ offsets: [24], reach: 32 }), first)).toBe(true)
    expect(isHit(store({ offsets: [0], reach: 32 }), first)).toBe(false)
  })

  it('never in a data section, which is reached by its name', () => {
    evidence.residence.set(bss, 1 << kernel)
    expect(isHit(store({ offsets: [24], reach: 32 }), slot(0, inner))).toBe(false)
    expect(isHit(store({ offsets: undefined, reach: 32 }), slot(0, inner))).toBe(false)
  })

  it('behind a header, wherever that ends', () => {
    const behind = (offset: number, of = slot(104)) => isHit(store({ offsets: [offset], isBehind: true }), of)
    expect([behind(96), behind(97), behind(104), behind(0)]).toEqual([false, true, true, false])
    expect(behind(0, slot(0))).toBe(true)
    evidence.residence.set(value, 1 << kernel)
    expect([behind(16, slot(0, inner)), behind(0, slot(8, inner))]).toEqual([true, false])
  })

  it('in the spaces where its struct, or one around it, is used', () => {
    const inArena = store({ space: arena })
    expect(isHit(inArena, slot(0))).toBe(true)
    evidence.residence.set(value, 1 << kernel)
    expect(isHit(inArena, slot(0))).toBe(false)
    expect(isHit(store(), slot(0))).toBe(true)
    expect(isHit(store({ space: unknown }), slot(0))).toBe(true)
    expect(isHit(store({ space: arena, offsets: [48] }), slot(48, list))).toBe(true)
    expect(isHit(inArena, slot(0, inner))).toBe(false)
    evidence.residence.set(list, 1 << arena)
    expect(isHit(inArena, slot(0, inner))).toBe(true)
  })

  it('not through a pointer to an integer, which leads to fields whose address was taken', () => {
    expect(isHit(store({ isThroughInteger: true }), slot(0))).toBe(false)
  })
})

describe('a store beside a struct', () => {
  const beside = (type: number, offset: number, of: Partial<LooseStore> = {}): LooseStore =>
    store({ around: { type, offset }, offsets: [offset], ...of })

  it('counts against what lies beside it in others', () => {
    // In struct value it lies at 24.
    const hit = (offset: number) =>
      [0, 16, 40, 48, 104].filter((at) => {
        const place = knowledge.places.at(value, at, 0, 8)
        return place.kind === 'slot' && isHit(beside(inner, offset), place.slot)
      })
    expect(hit(-24)).toEqual([0])
    expect(hit(16)).toEqual([40])
    expect(hit(20)).toEqual([40, 48])
    expect(hit(80)).toEqual([104])
    expect(hit(8)).toEqual([])
  })

  it('counts for the next of its own kind, in an array', () => {
    const hit = (offset: number) => [0, 8].filter((at) => isHit(beside(inner, offset), slot(at, inner)))
    // In struct value: nothing that is a struct inner lies there.
    expect([hit(16), hit(24), hit(-8), hit(-16), hit(40)]).toEqual([[0], [8], [8], [0], [8]])
    // Over the end of one into the next.
    expect([4, 8, 12].filter((offset) => isHit(beside(pair, offset), slot(0, pair)))).toEqual([4, 12])
  })

  it('does not count for objects of other types, where it is a member of some', () => {
    const ofTask = slot(8, task)
    expect(isHit(beside(inner, 16, { offsets: [8] }), ofTask)).toBe(false)
    // Beyond all that it is a member of, it may be anything.
    expect(isHit(beside(inner, 80, { offsets: [8] }), ofTask)).toBe(false)
    expect(isHit(beside(inner, 88, { offsets: [8] }), ofTask)).toBe(true)
    expect(isHit(beside(value, 112, { offsets: [8] }), ofTask)).toBe(true)
    expect(isHit(beside(pair, -8, { offsets: [8] }), ofTask)).toBe(true)
    expect(isHit(beside(inner, -32, { offsets: [8] }), ofTask)).toBe(false)
    expect(isHit(beside(inner, -33, { offsets: [8] }), ofTask)).toBe(true)
  })
})

describe('what is stored agrees with a slot', () => {
  const agrees = (
    stored: Stored | readonly Stored[],
    conclusion: Partial<typeof toTask> = {},
    more: Partial<LooseStore> = {},
    degree: Degree = 'proven',
  ): boolean => {
    const all = Array.isArray(stored) ? stored : [stored]
    const about = { conclusion: { ...toTask, ...conclusion }, degree }
    return !isHit(store({ stored: all, ...more }), slot(0), about)
  }
  const none: Stored = { kind: 'null' }

  test.each([
    ['null', none, {}, true],
    ['a number', number, {}, false],
    ['the same pointer', pointer([task]), {}, true],
    ['one of its types', pointer([value, task]), {}, true],
    ['another type', pointer([inner]), {}, false],
    ['no type', pointer([]), {}, false],
    ['no type, where none is known', pointer([]), { types: [] }, true],
    ['another type, where none is known', pointer([inner]), { types: [] }, true],
    ['another space', pointer([task], arena), {}, false],
    ['another space, where none is known', pointer([task], arena), { space: unknown }, true],
    ['an unknown space', pointer([task], unknown), {}, true],
    ['mixed spaces', pointer([task], mixed), {}, false],
    ['something lost', lost, {}, false],
    ['something loaded', loaded, {}, false],
  ])('if it is %s', (_, stored, conclusion, expected) => {
    expect(agrees(stored, conclusion)).toBe(expected)
  })

  it('if all that it may be agrees', () => {
    expect(agrees([none, pointer([task])])).toBe(true)
    expect(agrees([pointer([task]), number])).toBe(false)
    expect(agrees([number, none])).toBe(false)
  })

  it('only as a whole', () => {
    expect(agrees(pointer([task]), {}, { width: 4 })).toBe(false)
  })

  it('if it is read from somewhere, where that is enough', () => {
    expect(agrees(loaded, {}, {}, 'supported')).toBe(true)
    expect(agrees(lost, {}, {}, 'supported')).toBe(false)
    expect(agrees(number, {}, {}, 'supported')).toBe(false)
  })

  it('if it is a copy of what holds the same', () => {
    const source = slot(104)
    const copy = (of: Partial<Stored & { kind: 'copy' }> = {}): Stored => ({
      kind: 'copy',
      slot: source.id,
      offset: 0,
      stride: 0,
      space: unknown,
      ...of,
    })
    expect(agrees(copy())).toBe(false)
    table.store(source, [pointer([task])], 3, 'store', true)
    expect(agrees(copy())).toBe(true)
    expect(agrees(copy({ offset: 8 }))).toBe(false)
    expect(agrees(copy({ stride: 8 }))).toBe(false)
    // The space is that of the source; where that has none, the one it is followed into.
    expect(agrees(copy({ space: arena }))).toBe(true)
    const declared: Stored = { ...(copy() as Stored & { kind: 'copy' }), slot: slot(88).id }
    table.of(slot(88))
    expect(agrees(declared)).toBe(true)
    expect(agrees({ ...declared, space: arena } as Stored)).toBe(false)
    expect(agrees({ ...declared, space: kernel } as Stored)).toBe(true)
    table.store(source, [number], 4, 'store', true)
    expect(agrees(copy())).toBe(false)
  })
})

describe('a store through an address that others have got', () => {
  const shows = (of: Partial<EscapedAddress> = {}): void => {
    const all = { root: value, offset: 104, stride: 0, space: kernel, variable: undefined, ...of }
    evidence.escapes.set(Object.values(all).join(), all)
  }
  const through = (of: Partial<LooseStore> = {}) => store({ isThroughInteger: true, ...of })

  it('counts against the field whose address it is', () => {
    shows()
    expect(against(through(), slot(104))).toEqual({
      at: 9,
      why: 'something else is stored through a pointer that may lead here',
    })
    expect(isHit(through(), slot(0))).toBe(false)
    expect(isHit(through({ stored: [pointer([task])] }), slot(104))).toBe(false)
  })

  it('counts where it is moved to', () => {
    shows({ offset: 0 })
    expect(isHit(through({ offsets: [104] }), slot(104))).toBe(true)
    expect(isHit(through({ offsets: [100] }), slot(104))).toBe(false)
    expect(isHit(through({ offsets: [4] }), slot(0))).toBe(true)
    expect(isHit(through({ offsets: [24] }), slot(0, inner))).toBe(true)
  })

  it('counts in the space of the address, or where the struct is used', () => {
    shows()
    expect(isHit(through({ space: arena }), slot(104))).toBe(false)
    expect(isHit(through({ space: unknown }), slot(104))).toBe(true)
    evidence.escapes.clear()
    shows({ space: unknown })
    expect(isHit(through({ space: arena }), slot(104))).toBe(true)
    evidence.residence.set(value, 1 << kernel)
    expect(isHit(through({ space: arena }), slot(104))).toBe(false)
    expect(isHit(through(), slot(104))).toBe(true)
  })

  it('counts against all that it may reach, where one does not know how far it goes', () => {
    slot(0)
    slot(104)
    slot(8, inner)
    slot(0, list)
    shows()
    const hit = (of: Partial<LooseStore>) =>
      [slot(0), slot(104), slot(8, inner), slot(0, pair)].map((one) => isHit(through(of), one))
    expect(hit({ offsets: undefined })).toEqual([true, true, true, false])
    expect(hit({})).toEqual([false, true, false, false])
    shows({ stride: 16 })
    expect(hit({})).toEqual([true, true, true, false])
  })

  it('counts against an array as a whole through one of its elements', () => {
    const words = slot(40, value, 8)
    shows({ offset: 48 })
    expect(isHit(through(), words)).toBe(true)
    expect(isHit(through({ offsets: [-8] }), words)).toBe(true)
    expect(isHit(through({ offsets: [24] }), words)).toBe(false)
  })
})

describe('stores that differ in anything are looked at one by one', () => {
  /** The first agrees or is elsewhere; the second differs from it in one thing. */
  const copied = (of: number, offset = 0, space: number = unknown): Stored => ({
    kind: 'copy',
    slot: of,
    offset,
    stride: 0,
    space,
  })

  test.each([
    ['place', { offsets: [8] }, {}],
    ['being behind a header', { offsets: [-8] }, { offsets: [-8], isBehind: true, width: 9 }],
    ['what is stored', { stored: [pointer([task])] }, {}],
    ['the type that is stored', { stored: [pointer([task])] }, { stored: [pointer([inner])] }],
    ['the space of what is stored', { stored: [pointer([task])] }, { stored: [pointer([task], arena)] }],
    ['width', { stored: [pointer([task])] }, { stored: [pointer([task])], width: 4 }],
    ['how far the object goes', { reach: 200 }, {}],
    ['being through an integer', { isThroughInteger: true }, {}],
    ['kinds of unknown values', { stored: [loaded] }, { stored: [lost] }],
    ['what lies beside', { offsets: [8] }, { offsets: [8], around: { type: inner, offset: -24 } }],
    [
      'how far beside',
      { offsets: [8], around: { type: inner, offset: -8 } },
      { offsets: [8], around: { type: inner, offset: -24 } },
    ],
  ])('in %s', (_, first, second) => {
    const of = { degree: 'supported' as Degree }
    evidence.residence.set(value, 1 << kernel)
    expect(against([store({ at: 1, ...first }), store({ at: 2, ...second })], slot(0), of)?.at).toBe(2)
  })

  it('in space', () => {
    evidence.residence.set(value, 1 << kernel)
    expect(against([store({ at: 1, space: arena }), store({ at: 2 })], slot(0))?.at).toBe(2)
  })

  it('in what they copy', () => {
    const [good, other] = [slot(104), slot(40)]
    table.store(good, [pointer([task])], 3, 'store', true)
    const both = (first: Stored, second: Stored) =>
      against([store({ at: 1, stored: [first] }), store({ at: 2, stored: [second] })], slot(0))?.at
    expect(both(copied(good.id), copied(other.id))).toBe(2)
    expect(both(copied(good.id), copied(good.id, 8))).toBe(2)
    const declared = table.of(slot(88)).slot.id
    expect(both(copied(declared), copied(declared, 0, arena))).toBe(2)
  })

  it('and those that are the same once', () => {
    expect(against([store({ at: 1 }), store({ at: 2 })], slot(0))?.at).toBe(1)
  })
})
