import { describe, expect, it, test } from 'vitest'
import type { Rule } from '../../../../src/bpf/cast/flow/observer.js'
import type { Slot } from '../../../../src/bpf/cast/flow/places.js'
import { Space } from '../../../../src/bpf/cast/flow/values.js'
import { type Conclusion, Conclusions, type Degree } from '../../../../src/bpf/cast/weigh/conclusions.js'
import { SlotTable } from '../../../../src/bpf/cast/weigh/slot-facts.js'
import type { Stored } from '../../../../src/bpf/cast/weigh/stored-values.js'
import { knowledgeOf, makeTypes } from '../flow/support.js'
import { likely, loaded, lost, number, pointer, slotsOf } from './support.js'

const types = makeTypes()
const { inner, task, value } = types
const long = types.b.struct(
  'long_chain',
  Array.from({ length: 70 }, (_, n) => ({ name: `w${n}`, type: types.ints.u64 })),
)
const knowledge = knowledgeOf(types)
const { places } = knowledge
const { unknown, kernel, arena, mixed } = Space

const slotAt = slotsOf(knowledge, value)

const row = Array.from({ length: 70 }, (_, n) => slotAt(n * 8, long))
const flags = slotAt(0)
const tail = slotAt(104)
const first = slotAt(0, inner)
const second = slotAt(8, inner)
const next = slotAt(8)
const any = slotAt(72)
const user = slotAt(80)

const copy = (of: Slot, offset = 0, stride = 0, space: number = unknown): Stored => ({
  kind: 'copy',
  slot: of.id,
  offset,
  stride,
  space,
})

type Fact =
  | { readonly store: Stored | readonly Stored[]; readonly perhaps?: boolean; readonly rule?: Rule }
  | { readonly use: number[] | undefined; readonly space?: number }
  | { readonly number: string }

/** What follows for each slot from what is stored into it and done with it; each fact is one instruction. */
function weigh(facts: readonly (readonly [Slot, Fact])[], degree: Degree = 'proven') {
  const table = new SlotTable(places)
  for (const [at, [slot, fact]] of facts.entries()) {
    if ('store' in fact) {
      const stored = Array.isArray(fact.store) ? fact.store : [fact.store as Stored]
      table.store(slot, stored, at, fact.rule ?? 'store', fact.perhaps !== true)
    } else if ('use' in fact)
      table.of(slot).uses.push({ at, rule: 'argument', types: fact.use, space: fact.space ?? unknown })
    else table.of(slot).numbers.push({ at, why: fact.number })
  }
  table.settle()
  const conclusions = new Conclusions(knowledge, table, degree)
  return (slot: Slot): string => textOf(conclusions.of(table.of(slot)))
}

const names = new Map([
  [inner, 'inner'],
  [task, 'task'],
  [value, 'value'],
])
const spaces = ['', ' arena', ' kernel', ' mixed']

function textOf(conclusion: Conclusion): string {
  if (conclusion.kind === 'nothing') return 'nothing'
  if (conclusion.kind === 'doubt')
    return conclusion.reasons.map(({ at, why }) => `${at ?? '-'} ${why}`).join('; ')
  const { space, size } = conclusion
  const of = conclusion.types.map((type) => names.get(type) ?? type).join('+') || '?'
  return `pointer to ${of}${spaces[space]}${size === undefined ? '' : ` of ${size}`}`
}

/** What follows for one slot. */
const one = (...facts: readonly Fact[]): string => weigh(facts.map((fact) => [flags, fact]))(flags)
const supported = (...facts: readonly Fact[]): string =>
  weigh(
    facts.map((fact) => [flags, fact]),
    'supported',
  )(flags)

describe('what is stored', () => {
  test.each([
    ['nothing', [], 'nothing'],
    ['null', [{ store: { kind: 'null' } }], 'nothing'],
    ['a pointer', [{ store: pointer([inner]) }], 'pointer to inner kernel'],
    ['a pointer and null', [{ store: [pointer([inner]), { kind: 'null' }] }], 'pointer to inner kernel'],
    ['two pointers', [{ store: pointer([inner]) }, { store: pointer([inner]) }], 'pointer to inner kernel'],
    [
      'what both have in common',
      [{ store: pointer([value, inner]) }, { store: pointer([inner, task]) }],
      'pointer to inner kernel',
    ],
    [
      'pointers to different types',
      [{ store: pointer([inner]) }, { store: pointer([task]) }],
      '0 pointers of different kinds are stored; 1 pointers of different kinds are stored',
    ],
    [
      'pointers into different spaces',
      [{ store: pointer([inner]) }, { store: pointer([inner], arena) }],
      '0 pointers of different kinds are stored; 1 pointers of different kinds are stored',
    ],
    [
      'a third that differs',
      [{ store: pointer([inner]) }, { store: pointer([inner]) }, { store: pointer([task]) }],
      '1 pointers of different kinds are stored; 2 pointers of different kinds are stored',
    ],
    [
      'pointers, of one of which the space is not known',
      [{ store: pointer([inner]) }, { store: pointer([inner], unknown) }],
      'pointer to inner kernel',
    ],
    [
      'the same the other way round',
      [{ store: pointer([inner], unknown) }, { store: pointer([inner]) }],
      'pointer to inner kernel',
    ],
    ['a pointer of unknown space', [{ store: pointer([inner], unknown) }], 'pointer to inner'],
    [
      'a pointer of two spaces',
      [{ store: pointer([inner], mixed) }],
      '0 it may be an arena pointer or a kernel pointer',
    ],
    [
      'a pointer to nobody knows what',
      [{ store: pointer([], unknown) }],
      '0 a pointer of unknown kind is stored',
    ],
    ['a pointer to nobody knows what in the arena', [{ store: pointer([], arena) }], 'pointer to ? arena'],
    ['an allocation', [{ store: pointer([], arena, 48) }], 'pointer to ? arena of 48'],
    [
      'allocations of one size',
      [{ store: pointer([], arena, 48) }, { store: pointer([], arena, 48) }],
      'pointer to ? arena of 48',
    ],
    [
      'allocations of two sizes',
      [{ store: pointer([], arena, 48) }, { store: pointer([], arena, 64) }],
      'pointer to ? arena',
    ],
    [
      'one with a type and one without',
      [{ store: pointer([inner], arena) }, { store: pointer([], arena) }],
      'pointer to ? arena',
    ],
    [
      'one without a type and one with',
      [{ store: pointer([], arena) }, { store: pointer([inner], arena) }],
      'pointer to ? arena',
    ],
    ['a number', [{ store: pointer([inner]) }, { store: number }], '1 a number is stored'],
    ['only a number', [{ store: number }], 'nothing'],
    ['what nobody knows', [{ store: pointer([inner]) }, { store: loaded }], '1 nobody knows'],
    ['what was lost', [{ store: pointer([inner]) }, { store: lost }], '1 lost'],
    ['what is only sometimes a pointer', [{ store: likely([inner]) }], '0 not always'],
    ['perhaps a pointer', [{ store: pointer([inner]), perhaps: true }], 'nothing'],
    [
      'a pointer and perhaps another',
      [{ store: pointer([inner]) }, { store: pointer([task]), perhaps: true }],
      '0 pointers of different kinds are stored; 1 pointers of different kinds are stored',
    ],
    [
      'perhaps a pointer, which is used',
      [
        { store: pointer([inner]), perhaps: true },
        { use: undefined, space: kernel },
      ],
      'pointer to inner kernel',
    ],
  ] as const)('%s', (_, facts, expected) => {
    expect(one(...(facts as readonly Fact[]))).toBe(expected)
  })

  it('gives four reasons at most, and each once', () => {
    const all = Array.from({ length: 9 }, (): Fact => ({ store: number }))
    expect(one({ store: pointer([inner]) }, ...all).split('; ')).toHaveLength(4)
    expect(one({ store: pointer([inner]) }, { store: [number, number] })).toBe('1 a number is stored')
  })
})

describe('what is left out where a conclusion is only supported', () => {
  test.each([
    ['nobody knows', [{ store: pointer([inner]) }, { store: loaded }], 'pointer to inner kernel'],
    ['is only sometimes a pointer', [{ store: likely([inner]) }], 'pointer to inner kernel'],
    [
      'is only sometimes another',
      [{ store: pointer([inner]) }, { store: likely([task]) }],
      '0 pointers of different kinds are stored; 1 pointers of different kinds are stored',
    ],
    ['was lost', [{ store: pointer([inner]) }, { store: lost }], '1 lost'],
    ['is a number', [{ store: pointer([inner]) }, { store: number }], '1 a number is stored'],
  ] as const)('%s', (_, facts, expected) => {
    expect(supported(...(facts as readonly Fact[]))).toBe(expected)
  })
})

describe('what is done with it', () => {
  test.each([
    ['it is followed', [{ use: undefined, space: arena }], 'pointer to ? arena'],
    ['it is taken for a type', [{ use: [inner] }], 'pointer to inner'],
    [
      'the first says what is outermost',
      [{ use: [value, inner] }, { use: [inner, value] }],
      'pointer to value+inner',
    ],
    [
      'it is followed and taken for a type',
      [{ use: [inner] }, { use: undefined, space: arena }],
      'pointer to inner arena',
    ],
    [
      'it is taken for two types that begin with each other',
      [{ use: [value, inner] }, { use: [inner] }],
      'pointer to inner',
    ],
    [
      'it is taken for two types',
      [{ use: [task] }, { use: [inner] }],
      '1 it is used as pointers to different types',
    ],
    [
      'it is followed into two spaces',
      [
        { use: undefined, space: arena },
        { use: undefined, space: kernel },
      ],
      '1 it is used as an arena pointer and as a kernel pointer',
    ],
    [
      'it is followed elsewhere than what is stored',
      [{ store: pointer([inner]) }, { use: undefined, space: arena }],
      '1 it is used as an arena pointer and as a kernel pointer',
    ],
    [
      'it is taken for what is not stored',
      [{ store: pointer([inner]) }, { use: [task] }],
      '1 it is used as a pointer to another type than is stored',
    ],
    [
      'it is taken for what is stored',
      [{ store: pointer([inner]) }, { use: [inner, task] }],
      'pointer to inner kernel',
    ],
    [
      'it gives the type of what is stored',
      [{ store: pointer([], arena) }, { use: [inner] }],
      'pointer to inner arena',
    ],
    [
      'it gives the type of what is partly stored',
      [{ store: pointer([], arena) }, { store: pointer([inner], arena) }, { use: [inner, task] }],
      'pointer to inner+task arena',
    ],
    [
      'it gives the space',
      [{ store: pointer([inner], unknown) }, { use: undefined, space: kernel }],
      'pointer to inner kernel',
    ],
    [
      'it is also a number',
      [{ use: [inner] }, { number: 'arithmetic' }],
      '1 it is also used as a number: arithmetic',
    ],
    [
      'it is a number, but a pointer is stored',
      [{ store: pointer([inner]) }, { number: 'arithmetic' }],
      'pointer to inner kernel',
    ],
    ['it is only a number', [{ number: 'arithmetic' }], 'nothing'],
  ] as const)('%s', (_, facts, expected) => {
    expect(one(...(facts as readonly Fact[]))).toBe(expected)
  })
})

describe('what is copied from another field', () => {
  const copied = (stored: Stored, ...facts: (readonly [Slot, Fact])[]): string =>
    weigh([[flags, { store: stored }], ...facts])(flags)

  it('is what that field holds', () => {
    expect(copied(copy(tail), [tail, { store: pointer([inner]) }])).toBe('pointer to inner kernel')
    expect(copied(copy(tail, 0, 0, arena), [tail, { store: pointer([inner], unknown) }])).toBe(
      'pointer to inner arena',
    )
    expect(copied(copy(tail, 0, 0, arena), [tail, { store: pointer([inner]) }])).toBe(
      'pointer to inner kernel',
    )
    expect(copied(copy(tail), [tail, { store: pointer([], arena, 48) }])).toBe('pointer to ? arena of 48')
    const others = '0 it is copied from a field that holds other things too'
    expect(copied(copy(tail), [tail, { store: number }])).toBe(others)
    expect(copied(copy(tail), [tail, { store: pointer([inner]) }], [tail, { store: number }])).toBe(others)
    expect(copied(copy(tail))).toBe('0 it is copied from a field of which nothing is known')
    expect(copied(copy(tail), [tail, { store: { kind: 'null' } }])).toBe('nothing')
    expect(copied(copy(tail), [tail, { use: undefined, space: kernel }])).toBe('pointer to ? kernel')
  })

  it('is what lies so far in what that field points at', () => {
    const moved = (of: Stored, offset: number, stride = 0) =>
      weigh([
        [tail, { store: of }],
        [flags, { store: copy(tail, offset, stride) }],
      ])(flags)
    const [values, words] = [pointer([value]), pointer([types.ints.u64])]
    expect(moved(values, 24)).toBe('pointer to inner kernel')
    expect(moved(values, 112)).toBe('pointer to ? kernel')
    expect(moved(values, 0, 112)).toBe('pointer to value kernel')
    expect(moved({ kind: 'null' }, 8)).toBe('1 it is copied from a field of which nothing is known')
    expect(moved(pointer([], arena), 8)).toBe('pointer to ? arena')
    // A pointer to a word: the word itself, and nothing beside it.
    expect(moved(words, 8)).toBe('pointer to ? kernel')
    expect(moved(words, 0, 8)).toBe('pointer to ? kernel')
    expect(moved(words, 0)).toBe(`pointer to ${types.ints.u64} kernel`)
  })

  it('is its own content, which says nothing unless it is changed', () => {
    expect(one({ store: copy(flags) }, { store: pointer([inner]) })).toBe('pointer to inner kernel')
    expect(one({ store: copy(flags) })).toBe('nothing')
    expect(one({ store: pointer([inner]) }, { store: copy(flags, 8) })).toBe(
      '1 what it holds is changed by arithmetic',
    )
    expect(one({ store: pointer([inner]) }, { store: copy(flags, 0, 8) })).toBe(
      '1 what it holds is changed by arithmetic',
    )
  })

  it('goes on over chains and circles', () => {
    const chain = weigh([
      [flags, { store: copy(tail) }],
      [tail, { store: copy(first) }],
      [first, { store: copy(second) }],
      [second, { store: pointer([task]) }],
    ])
    expect([flags, tail, first, second].map(chain)).toEqual(Array(4).fill('pointer to task kernel'))
    const circle = weigh([
      [flags, { store: copy(tail) }],
      [tail, { store: copy(flags) }],
      [tail, { store: pointer([task]) }],
    ])
    expect([flags, tail].map(circle)).toEqual(Array(2).fill('pointer to task kernel'))
    const nothing = weigh([
      [flags, { store: copy(tail) }],
      [tail, { store: copy(flags) }],
    ])
    expect([flags, tail].map(nothing)).toEqual(['nothing', 'nothing'])
  })
})

describe('declared pointers', () => {
  it('are what they declare, in the space that all else says', () => {
    const space = (...facts: (readonly [Slot, Fact])[]) => weigh([[next, { use: undefined }], ...facts])(next)
    expect(space()).toBe('pointer to value')
    expect(space([next, { store: pointer([value]) }])).toBe('pointer to value kernel')
    expect(space([next, { store: pointer([value]) }], [next, { store: pointer([value], arena) }])).toBe(
      'pointer to value mixed',
    )
    expect(space([next, { use: undefined, space: arena }])).toBe('pointer to value arena')
    expect(space([next, { store: pointer([value], arena), perhaps: true }])).toBe('pointer to value arena')
    expect(space([next, { store: copy(tail) }], [tail, { store: pointer([value], arena) }])).toBe(
      'pointer to value arena',
    )
    expect(space([next, { store: copy(tail, 0, 0, kernel) }])).toBe('pointer to value kernel')
    // Whatever is stored, C takes it for such a pointer.
    expect(space([next, { store: number }])).toBe('pointer to value')
  })

  it('to anything are what is stored', () => {
    expect(weigh([[any, { store: pointer([inner]) }]])(any)).toBe('pointer to inner kernel')
    expect(weigh([[any, { use: undefined }]])(any)).toBe('pointer to ?')
    expect(weigh([[any, { store: number }]])(any)).toBe('pointer to ?')
  })

  it('into user space lead elsewhere', () => {
    expect(weigh([[user, { store: pointer([task]) }]])(user)).toBe(
      '- its declaration says that it leads elsewhere',
    )
  })

  it('are copied like others', () => {
    const copies = weigh([
      [flags, { store: copy(next) }],
      [tail, { store: copy(user) }],
    ])
    expect([flags, tail].map(copies)).toEqual([
      'pointer to value',
      '1 it is copied from a field that holds other things too',
    ])
  })
})

describe('a chain of slots that are copied from each other', () => {
  /** Each from the next: in every round of weighing one more is known. */
  const chain = (length: number) => {
    const links = row.slice(0, length)
    const facts = links.map((slot, n): readonly [Slot, Fact] => {
      const next = links[n + 1]
      return [slot, { store: next === undefined ? pointer([task]) : copy(next) }]
    })
    const found = weigh(facts)
    return new Set(links.map(found))
  }

  it('is followed, as long as it is no longer than any real one', () => {
    expect(chain(2)).toEqual(new Set(['pointer to task kernel']))
    expect(chain(64)).toEqual(new Set(['pointer to task kernel']))
    expect(chain(65)).toEqual(new Set(['nothing']))
  })
})
