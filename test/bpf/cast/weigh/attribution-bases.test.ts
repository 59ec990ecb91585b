import { beforeEach, describe, expect, it, test } from 'vitest'
import { Dominance } from '../../../../src/bpf/cast/code/dominance.js'
import { Space, TOP, type Value } from '../../../../src/bpf/cast/flow/values.js'
import { Attribution } from '../../../../src/bpf/cast/weigh/attribution.js'
import { type SlotFacts, SlotTable } from '../../../../src/bpf/cast/weigh/slot-facts.js'
import { type Order, StoredValues } from '../../../../src/bpf/cast/weigh/stored-values.js'
import { makeTypes } from '../flow/support.js'
import { type Seen, seenIn, slotsOf, withVariable } from './support.js'

const types = makeTypes()
const { value, inner, list, task, forward, ints } = types
const { kernel, arena, unknown } = Space
const { more } = withVariable(types)

let knowledge: Seen['knowledge']
let evidence: Seen['evidence']
let made: Seen['made']
let slot: ReturnType<typeof slotsOf>

beforeEach(() => {
  ;({ knowledge, evidence, made } = seenIn(types, more))
  slot = slotsOf(knowledge, value)
})

/** All instructions lie in one block, one after the other. */
const dominance = new Dominance([{ start: 0, end: 50, successors: [] }])
const order: Order = { between: () => ({ dominance, blocks: [0, 0] }) }

/** What is known after all that has been seen. */
function attributed() {
  const table = new SlotTable(knowledge.places)
  const attribution = new Attribution(
    knowledge,
    evidence,
    new StoredValues(knowledge, evidence, order),
    table,
  )
  attribution.run()
  const of = (offset: number, type = value): SlotFacts => table.of(slot(offset, type))
  const against = (offset: number, type = value) => of(offset, type).negatives.map(({ why }) => why)
  return { loose: attribution.loose, of, against }
}

const store = (base: Value, of: { displacement?: number; width?: number; value?: Value } = {}): void => {
  const { displacement = 0, width = 8, value = knowledge.values.constant(5) } = of
  evidence.store(9, base, displacement, width, value, 'store')
}
const typed = (type = value, offset = 0, stride = 0): Value =>
  knowledge.values.typed(type, offset, stride, kernel)
const number = 'the number 5 is stored'

describe('a store through one of several addresses', () => {
  it('goes to each that has a type', () => {
    store(knowledge.values.set([typed(), typed(inner, 8)]))
    const { against, loose } = attributed()
    expect([against(0), against(8, inner), loose]).toEqual([[number], [number], []])
  })

  test.each([
    ['the stack', () => knowledge.values.frame(-8)],
    ['a context', () => knowledge.values.context(0)],
    ['a map', () => knowledge.values.map(1)],
    ['a function', () => knowledge.values.function(1)],
    ['a number', () => knowledge.values.scalar(8)],
    ["a caller's stack", () => knowledge.values.callersStack()],
    ['memory apart', () => knowledge.values.apart()],
  ])('goes nowhere else for %s', (_, other) => {
    store(knowledge.values.set([typed(), other()]))
    const { against, loose } = attributed()
    expect([against(0), loose]).toEqual([[number], []])
  })

  it('proves nothing of a pointer, which may have gone elsewhere', () => {
    const pointer = typed(task)
    store(knowledge.values.set([typed(), typed(inner)]), { value: pointer })
    store(typed(value, 104), { value: pointer })
    const { of } = attributed()
    expect([of(0), of(104)].map(({ positives, perhaps }) => [positives.length, perhaps.length])).toEqual([
      [0, 1],
      [1, 0],
    ])
  })

  it('may go anywhere for what is nothing in particular', () => {
    store(knowledge.values.set([TOP, typed()]))
    const { loose } = attributed()
    expect(loose).toMatchObject([{ offsets: undefined, space: unknown, around: undefined, reach: 0 }])
  })

  it('goes somewhere where it is only a number', () => {
    store(knowledge.values.scalar(8))
    expect(attributed().loose).toMatchObject([{ offsets: undefined, space: unknown }])
  })
})

describe('a store into memory of unknown type', () => {
  const left = (base: Value, of?: Parameters<typeof store>[1]) => {
    store(base, of)
    return attributed().loose.at(-1)
  }

  it('is where its pointer leads, from what an instruction made', () => {
    expect(left(knowledge.values.shift(made(1), 16), { displacement: 8, width: 4 })).toEqual({
      at: 9,
      space: kernel,
      offsets: [24],
      isBehind: false,
      around: undefined,
      width: 4,
      stored: [{ kind: 'number', why: number }],
      reach: 0,
      isThroughInteger: false,
    })
  })

  it('is anywhere in steps, and in the arena where it is cast', () => {
    expect(left(knowledge.values.shift(made(1), 0, 8))).toMatchObject({ offsets: undefined, space: kernel })
    expect(left(knowledge.values.cast(made(2), true))).toMatchObject({ offsets: [0], space: arena })
  })

  it('of what was derived is also where the derivation began', () => {
    const derived = knowledge.made('derived', 1, 0, TOP)
    expect(left(knowledge.values.shift(derived, 16), { displacement: 8 })).toMatchObject({ offsets: [24, 8] })
  })

  it('says how far its object goes', () => {
    const origin = made(1)
    evidence.access(3, origin, 100, 4)
    expect(left(origin)).toMatchObject({ reach: 104 })
    // Of a struct the rest is known.
    const ofStruct = made(2, typed(inner))
    evidence.access(3, ofStruct, 100, 4)
    store(ofStruct, { displacement: 40 })
    expect(attributed().loose.at(-1)).toMatchObject({ reach: 0, around: { type: inner, offset: 40 } })
  })

  it('behind a struct counts from its start or from its end', () => {
    expect(left(typed(inner, 8), { displacement: 32 })).toMatchObject({
      offsets: [40, 24],
      around: { type: inner, offset: 40 },
      isBehind: false,
    })
  })

  it('before a struct counts from its start', () => {
    expect(left(typed(inner, -24), { displacement: 8 })).toMatchObject({
      offsets: [-16, -16],
      around: { type: inner, offset: -16 },
    })
    store(typed(inner, 16))
    expect(attributed().loose.at(-1)).toMatchObject({ offsets: [16, 0], around: { type: inner, offset: 16 } })
  })

  test.each([
    ['a struct that is only declared', () => forward, { isBehind: true, isThroughInteger: false }],
    ['a word', () => ints.u64, { isBehind: false, isThroughInteger: true }],
    ['a pointer', () => types.pointer.task, { isBehind: false, isThroughInteger: true }],
  ])('through a pointer to %s', (_, type, expected) => {
    expect(left(typed(type()), { displacement: 8 })).toMatchObject({ ...expected, around: undefined })
  })

  it('of null is none', () => {
    expect(left(made(1), { value: knowledge.values.constant(0) })).toBeUndefined()
    expect(left(TOP, { value: knowledge.values.constant(0) })).toBeUndefined()
  })
})

describe('a store by what else the program takes its pointer for', () => {
  let origins = 20
  const viewed = (offset: number, of: Parameters<typeof store>[1] = {}) => {
    const origin = made(origins++)
    evidence.view(3, origin, value, 'argument')
    store(knowledge.values.shift(origin, offset), of)
    return attributed()
  }

  it('goes to the field there', () => {
    const { of, loose } = viewed(0, { value: typed(task) })
    expect([of(0).positives.length, loose]).toEqual([1, []])
    expect(viewed(96, { displacement: 8 }).against(104)).toEqual([number])
  })

  it('counts against a field of which it writes a part, unless that is null', () => {
    const none = knowledge.values.constant(0)
    expect(viewed(4, { width: 4 }).against(0)).toEqual(['only a part of it is written'])
    expect(viewed(108, { width: 4, value: none }).against(104)).toEqual([])
  })

  it('is left where there is none of it, or nothing is known there', () => {
    expect(viewed(112).loose).toHaveLength(1)
    expect(viewed(200).loose).toHaveLength(2)
    expect(viewed(-8).loose).toHaveLength(3)
  })

  it('goes nowhere where no pointer lies', () => {
    expect(viewed(16, { width: 4 }).loose).toEqual([])
  })

  it('is only perhaps there where it is one of several', () => {
    const origin = made(1)
    evidence.view(3, origin, value, 'argument')
    store(knowledge.values.set([origin, typed(inner)]), { value: typed(task) })
    const { of, loose } = attributed()
    expect([of(0).positives.length, of(0).perhaps.length, loose.length]).toEqual([0, 1, 1])
  })

  it('is left where it moves in steps', () => {
    const origin = made(1)
    evidence.view(3, origin, value, 'argument')
    store(knowledge.values.shift(origin, 0, 8))
    expect(attributed().loose).toHaveLength(1)
  })
})

describe('what is put into a field', () => {
  it('is stored there', () => {
    evidence.put(9, slot(0), typed(task), 'copy to map')
    evidence.put(9, slot(104), knowledge.values.constant(5), 'copy to map')
    const { of, against } = attributed()
    expect(of(0).positives).toMatchObject([{ at: 9, rule: 'copy to map', stored: { types: [task] } }])
    expect(against(104)).toEqual([number])
  })

  it('is what the field is declared to hold', () => {
    const [toTask, toAny] = [made(1), made(2)]
    evidence.put(9, slot(88), toTask, 'copy to map')
    evidence.put(9, slot(72), toAny, 'copy to map')
    store(typed(), { value: toTask })
    store(typed(value, 104), { value: toAny })
    const { of } = attributed()
    expect(of(0).positives).toMatchObject([{ stored: { kind: 'pointer', types: [task] } }])
    expect(of(104).positives).toEqual([])
  })
})

describe('what is done with what a field holds', () => {
  const held = (offset = 0): Value => knowledge.heldIn(value, offset, 0)
  const uses = (of: SlotFacts) => of.uses.map(({ at, rule, types, space }) => ({ at, rule, types, space }))
  const view = (types: number[]) => ({ at: 3, rule: 'argument', types, space: unknown })
  const follow = { at: 3, rule: 'arena cast', types: undefined, space: arena }

  test.each([
    ['as it is loaded', (of: Value) => made(1, of)],
    ['whoever loads it', (of: Value) => of],
  ])('%s is a use of the field', (_, loaded) => {
    evidence.view(3, loaded(held()), list, 'argument')
    evidence.follow(3, loaded(held(104)), arena, 'arena cast')
    const { of } = attributed()
    // A struct list begins with a struct inner.
    expect([uses(of(0)), uses(of(104))]).toEqual([[view([list, inner])], [follow]])
  })

  it('is a use of a struct that is only declared', () => {
    evidence.view(3, made(1, held()), forward, 'argument')
    expect(uses(attributed().of(0))).toEqual([view([forward])])
  })

  test.each([
    ['elsewhere in it', (of: Value) => knowledge.values.shift(of, 8)],
    ['in steps', (of: Value) => knowledge.values.shift(of, 0, 8)],
    ['in the form that instructions use', (of: Value) => knowledge.values.cast(of, true)],
  ])('is none where the value is %s', (_, change) => {
    const loaded = made(1, change(held()))
    evidence.view(3, loaded, inner, 'argument')
    evidence.follow(3, loaded, arena, 'arena cast')
    expect(uses(attributed().of(0))).toEqual([])
  })

  it('is none of a type where it is one elsewhere in it', () => {
    evidence.view(3, knowledge.values.shift(made(1, held()), 8), inner, 'argument')
    evidence.view(3, knowledge.values.shift(held(104), 8), inner, 'argument')
    const { of } = attributed()
    expect([uses(of(0)), uses(of(104))]).toEqual([[], []])
  })

  it('as with a number is one', () => {
    evidence.number(3, made(1, held()), 'arithmetic')
    expect(attributed().of(0).numbers).toEqual([{ at: 3, why: 'arithmetic' }])
  })
})

describe('what may be anything from then on', () => {
  const helper = 'a helper writes there'
  const overwritten = (pointer: Value, size: number | undefined) => {
    for (const offset of [0, 8, 104]) slot(offset)
    slot(8, inner)
    evidence.overwrite(9, pointer, size, helper)
    return attributed()
  }
  const hit = (pointer: Value, size: number | undefined): number[] => {
    evidence.overwrites.length = 0
    const { against } = overwritten(pointer, size)
    return [0, 8, 104].filter((offset) => against(offset).length > 0)
  }

  it('is each field of which bytes are written', () => {
    expect(hit(typed(), 8)).toEqual([0])
    expect(hit(typed(), 9)).toEqual([0, 8])
    expect(hit(typed(value, 7), 1)).toEqual([0])
    expect(hit(typed(value, 7), 2)).toEqual([0, 8])
    expect(hit(typed(value, 96), 8)).toEqual([])
    expect(hit(typed(value, 96), 16)).toEqual([104])
    expect(hit(typed(value, -8), 9)).toEqual([0])
    expect(hit(typed(value, 24), 16)).toEqual([])
  })

  it('is all of a type where it is not known how much, or where', () => {
    expect(hit(typed(value, 8), undefined)).toEqual([0, 8, 104])
    expect(hit(typed(value, 8, 16), 8)).toEqual([0, 8, 104])
    expect(hit(typed(value, 8), 65_536)).toEqual([8, 104])
    expect(hit(typed(value, 8), 65_537)).toEqual([0, 8, 104])
    // What lies in it, too.
    expect(overwritten(typed(), undefined).against(8, inner)).toEqual([helper])
  })

  it('is somewhere, where nothing is known of the pointer', () => {
    expect(overwritten(knowledge.values.shift(made(1), 16), 24).loose).toEqual([
      {
        at: 9,
        space: kernel,
        offsets: [16],
        isBehind: false,
        around: undefined,
        width: 24,
        stored: [{ kind: 'unknown', why: helper }],
        reach: 0,
        isThroughInteger: false,
      },
    ])
    evidence.overwrites.length = 0
    expect(overwritten(made(1), undefined).loose).toMatchObject([{ offsets: undefined, width: 8 }])
    evidence.overwrites.length = 0
    expect(overwritten(knowledge.values.shift(made(1), 0, 8), 8).loose).toMatchObject([
      { offsets: undefined },
    ])
  })

  test.each([
    ['the stack', () => knowledge.values.frame(-8)],
    ['a map', () => knowledge.values.map(1)],
    ['anything', () => TOP],
  ])('is nothing of memory for %s', (_, pointer) => {
    expect(hit(pointer(), 8)).toEqual([])
    expect(attributed().loose).toEqual([])
  })

  it('is each of several that it may be', () => {
    const { loose, against } = overwritten(
      knowledge.values.set([typed(), made(1), knowledge.values.frame(-8)]),
      8,
    )
    expect([against(0), loose.length]).toEqual([[helper], 1])
  })

  it('is what a number at the start of a section says, where a word of it lies', () => {
    const initial = (offset: number, length = 112): string[] => {
      const bytes = new Uint8Array(length)
      bytes[offset] = 1
      const code = { ...knowledge.code, data: knowledge.code.data.map((one) => ({ ...one, initial: bytes })) }
      Object.defineProperty(knowledge, 'code', { value: code })
      return attributed().against(0)
    }
    const isNumber = ['it starts as a number in section .bss']
    expect([initial(0), initial(7), initial(8), initial(16)]).toEqual([isNumber, isNumber, [], []])
    // Bytes that are not there are zeros.
    expect([initial(3, 4), initial(8, 4)]).toEqual([isNumber, []])
  })
})
