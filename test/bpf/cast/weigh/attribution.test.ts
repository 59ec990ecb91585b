import { describe, expect, it, test } from 'vitest'
import { analyzeCode } from '../../../../src/bpf/cast/analyze-code.js'
import type { Reference } from '../../../../src/bpf/cast/code/code.js'
import { describeFindings } from '../../../../src/bpf/cast/findings.js'
import type { Instruction } from '../../../../src/bpf/programs/instruction.js'
import { stack } from '../flow/one-function.js'
import { dataSection, makeTypes, op, program } from '../flow/support.js'

const types = makeTypes()
const { b, ints, pointer } = types
const rows = b.array(types.inner, 4)
const bss = b.section('.bss', [
  { type: b.variable('rows', rows), offset: 0, size: 64 },
  { type: b.variable('word', ints.u64), offset: 64, size: 8 },
])
/** `int f(struct value *v, struct inner *i, u32 number, struct task_struct *task, void *any)`. */
const typeId = b.function(
  'f',
  b.prototype(ints.s32, [
    { name: 'v', type: pointer.value },
    { name: 'i', type: pointer.inner },
    { name: 'number', type: ints.u32 },
    { name: 'task', type: pointer.task },
    { name: 'any', type: pointer.void },
  ]),
  'global',
)
const data = (initial: number[] = []) => [
  dataSection(
    bss,
    '.bss',
    [
      ['rows', rows, 0, 64],
      ['word', ints.u64, 64, 8],
    ],
    { initial: Uint8Array.from(initial) },
  ),
]

/** What is found in a function: `value.flags: struct task_struct`, or why not. */
function found(
  code: readonly Instruction[],
  refers: Readonly<Record<number, Reference>> = {},
  initial: number[] = [],
): string[] {
  const whole = program(
    types,
    [{ code: [...code, op.set(0, 0), op.exit()], refers, is: { typeId, binding: 'global' } }],
    {
      data: data(initial),
    },
  )
  const analysis = analyzeCode(whole)
  const { findings, withheld } = describeFindings(whole, analysis)
  expect(analysis.incomplete).toBeUndefined()
  const name = (place: { type: string; member: string }) =>
    `${place.type.replace('struct ', '')}.${place.member}`
  return [
    ...findings.map(({ place, target, addressSpace, recovered, doubts }) => {
      const what = `${target?.type ?? '?'}${addressSpace === 'unknown' ? '' : ` ${addressSpace}`}`
      const why = doubts.map(({ why }) => why).join('; ')
      return `${name(place)}: ${what}${recovered === 'proven' ? '' : `, unless ${why}`}`
    }),
    ...withheld.map(({ place, reasons }) => `${name(place)}: ${reasons.map(({ why }) => why).join('; ')}`),
  ]
}

const storeTask = op.store(1, 0, 4)
const proven = 'value.flags: struct task_struct'
const index = 'something is stored at an index that is not known'
const part = 'only a part of it is written'
const behind = 'something else is stored at this offset of an object of unknown type'
const escaped = 'something else is stored through a pointer that may lead here'
const section = (offset: number): Reference => ({ kind: 'section', section: 0, offset })

describe('a pointer that is stored', () => {
  test.each([
    ['alone', [], proven],
    ['and null', [op.storeNumber(1, 0, 0)], proven],
    ['and a number', [op.storeNumber(1, 0, 5)], 'value.flags: the number 5 is stored'],
    ['and a number beside it', [op.storeNumber(1, 104, 5)], proven],
    ['and half a number', [op.storeNumber(1, 4, 5, 0x62)], `value.flags: ${part}`],
    ['and half of null', [op.storeNumber(1, 4, 0, 0x62)], proven],
    [
      'and another pointer',
      [op.store(1, 0, 2)],
      'value.flags: pointers of different kinds are stored; pointers of different kinds are stored',
    ],
    ['and what was in it', [op.load(6, 1, 0), op.store(1, 0, 6)], proven],
    [
      'and something unknown',
      [op.load(6, 1, 200), op.store(1, 0, 6)],
      `${proven}, unless a value of unknown origin is stored`,
    ],
    [
      'and something at an index',
      [op.move(6, 1), op.add(6, 3), op.storeNumber(6, 0, 5)],
      `value.flags: ${index}`,
    ],
    ['and null at an index', [op.move(6, 1), op.add(6, 3), op.storeNumber(6, 0, 0)], proven],
    [
      'and something into another struct at an index',
      [op.move(6, 2), op.add(6, 3), op.storeNumber(6, 0, 5)],
      proven,
    ],
    ['and a number in an array beside it', [op.storeNumber(1, 40, 5)], proven],
    ['and something on the stack', [op.storeNumber(10, -8, 5)], proven],
  ])('%s', (_, code, expected) => {
    expect(found([storeTask, ...code])).toEqual([expected])
  })

  it('is also used as a number, which does not matter', () => {
    expect(found([storeTask, op.load(6, 1, 0), op.jumpIf(6, 5, 0)])).toEqual([proven])
  })

  it('where it is declared proves nothing new', () => {
    expect(found([op.store(1, 88, 4)])).toEqual([])
    // But what is stored there is such a pointer.
    expect(found([op.load(6, 1, 0), op.store(1, 88, 6)])).toEqual([proven])
    expect(found([op.load(6, 1, 0), op.store(1, 8, 6)])).toEqual(['value.flags: struct value'])
  })
})

describe('stores into memory of which nothing is known', () => {
  const unknown = (offset: number, width = 0x7a, n = 5): Instruction[] => [
    op.storeNumber(5, offset, n, width),
  ]

  test.each([
    ['at the same offset', unknown(0), `value.flags: ${behind}`],
    ['at another', unknown(104), proven],
    ['at the half of it', unknown(4, 0x62), `value.flags: ${behind}`],
    ['right before and over it', unknown(-4), `value.flags: ${behind}`],
    ['right before it', unknown(-8), proven],
    ['of null', unknown(0, 0x7a, 0), proven],
    ['of the same', [op.store(5, 0, 4)], proven],
    ['of another pointer', [op.store(5, 0, 2)], `value.flags: ${behind}`],
    ['of half the same', [op.store(5, 0, 4, 0x63)], `value.flags: ${behind}`],
    ['of something unknown', [op.load(6, 1, 200), op.store(5, 0, 6)], `${proven}, unless ${behind}`],
    ['in an object that is larger', [op.load(6, 5, 400), ...unknown(0)], proven],
    ['in an object that may be as large', [op.load(6, 5, 104), ...unknown(0)], `value.flags: ${behind}`],
  ])('count %s', (_, code, expected) => {
    expect(found([storeTask, ...code])).toEqual([expected])
  })

  it('count for what lies in others', () => {
    const second = [op.store(2, 8, 4)]
    const inner = 'inner.second: struct task_struct'
    expect(found(second)).toEqual([inner])
    expect(found([...second, ...unknown(8)])).toEqual([`inner.second: ${behind}`])
    expect(found([...second, ...unknown(16)])).toEqual([inner])
    // Once an outer one is used, as part of it too: at 24 + 8.
    const used = op.load(7, 1, 8)
    expect(found([...second, used, ...unknown(32)])).toEqual([`inner.second: ${behind}`])
    expect(found([...second, used, ...unknown(24)])).toEqual([inner])
    expect(found([...second, ...unknown(32)])).toEqual([inner])
  })

  it('of what another field holds count, unless that is the same pointer', () => {
    const copied = (between: Instruction[] = []) => [op.load(6, 1, 104), ...between, op.store(5, 0, 6)]
    const tail = 'value.tail: struct task_struct'
    expect(found([storeTask, op.store(1, 104, 4), ...copied()])).toEqual([proven, tail])
    expect(found([storeTask, ...copied()])).toEqual([`value.flags: ${behind}`])
    expect(found([storeTask, op.store(1, 104, 2), ...copied()])).toEqual([
      'value.tail: struct inner',
      `value.flags: ${behind}`,
    ])
    for (const moved of [[op.addNumber(6, 8)], [op.load(7, 1, 104), op.add(6, 3)]])
      expect(found([storeTask, op.store(1, 104, 4), ...copied(moved)])).toEqual([
        tail,
        `value.flags: ${behind}`,
      ])
  })

  it('in the arena count for what is used there', () => {
    const cast = [op.cast(5, 5), ...unknown(0)]
    expect(found([storeTask, ...cast])).toEqual([proven])
    // Where nothing says in which space the struct is, it may be there.
    expect(found([op.cast(6, 1), op.store(6, 0, 4), ...cast])).toEqual([`value.flags: ${behind}`])
    expect(found([op.cast(6, 1), op.store(6, 0, 4), ...unknown(0)])).toEqual([proven])
  })

  it('count where they are taken for a struct', () => {
    const copied = [op.load(6, 1, 72), op.storeNumber(6, 0, 5)]
    expect(found([storeTask, ...copied])).toEqual([`value.flags: ${behind}`])
    // The same pointer is stored as a struct inner on the way: it is one, and no value.
    const view = [op.load(6, 1, 72), op.store(2, 0, 6), op.load(8, 1, 72)]
    expect(found([storeTask, ...view])).toContain(proven)
  })
})

describe('addresses that others get', () => {
  /** Of a field: it is stored as a pointer to a word, and written through. */
  const shows = (offset: number): Instruction[] => [
    op.move(6, 1),
    op.addNumber(6, offset),
    op.store(1, 72, 6),
  ]
  const written = (n = 5): Instruction[] => [op.storeNumber(5, 0, n)]

  it('are written through by stores that agree with no struct', () => {
    expect(found([op.store(1, 104, 4)])).toEqual(['value.tail: struct task_struct'])
    expect(found([op.store(1, 104, 4), ...written()])).toEqual(['value.tail: struct task_struct'])
    expect(found([op.store(1, 104, 4), ...shows(104), ...written()])).toEqual([`value.tail: ${escaped}`])
    expect(found([op.store(1, 104, 4), ...shows(96), ...written()])).toEqual([
      'value.tail: struct task_struct',
    ])
    expect(found([op.store(1, 104, 4), ...shows(104), ...written(0)])).toEqual([
      'value.tail: struct task_struct',
    ])
    expect(found([op.store(1, 104, 4), ...shows(104), op.store(5, 0, 4)])).toEqual([
      'value.tail: struct task_struct',
    ])
  })
})

describe('what is overwritten', () => {
  /** A helper writes so many bytes to so far in the value. */
  const reads = (offset: number, size: Instruction): Instruction[] => [
    op.move(6, 1),
    op.addNumber(1, offset),
    size,
    op.move(3, 5),
    op.helper(113),
    op.move(1, 6),
  ]
  const size = (n: number) => op.set(2, n)
  const helper = 'a helper writes there'

  test.each([
    ['with it', 0, size(8), `value.flags: ${helper}`],
    ['with a part of it', 4, size(4), `value.flags: ${helper}`],
    ['beside it', 8, size(8), proven],
    ['from before it', -8, size(9), `value.flags: ${helper}`],
    ['right before it', -8, size(8), proven],
    ['somehow', 8, op.move(2, 3), `value.flags: ${helper}`],
    ['far more than there is', 8, size(65_536), proven],
    ['more than can be', 8, size(65_537), `value.flags: ${helper}`],
  ])('%s', (_, offset, size, expected) => {
    expect(found([storeTask, ...reads(offset, size)])).toEqual([expected])
  })

  it('at an index, or in memory of which nothing is known', () => {
    expect(found([storeTask, op.add(1, 3), ...reads(0, size(8))])).toEqual([`value.flags: ${helper}`])
    const elsewhere = (offset: number, size: Instruction) => [op.move(1, 5), ...reads(offset, size)]
    expect(found([storeTask, ...elsewhere(0, size(8))])).toEqual([`value.flags: ${behind}`])
    expect(found([storeTask, ...elsewhere(104, size(8))])).toEqual([proven])
    expect(found([storeTask, ...elsewhere(104, op.move(2, 3))])).toEqual([`value.flags: ${behind}`])
    expect(found([storeTask, ...stack(1, -8), size(8), op.move(3, 5), op.helper(113)])).toEqual([proven])
  })

  it('by an update of a map', () => {
    const valueMap = b.struct('value_map', [{ name: 'value', type: pointer.value }])
    const update = [op.loadImmediate(1), op.half(), op.move(3, 5), op.helper(2)]
    const why = 'a value of unknown origin is copied into the map'
    expect(found([storeTask, ...update], { 1: { kind: 'map', definition: valueMap } })).toEqual([
      `value.flags: ${why}`,
    ])
    const anyMap: Record<number, Reference> = {
      1: { kind: 'map', definition: 0 },
      9: { kind: 'map', definition: valueMap },
    }
    const uses = [op.loadImmediate(1), op.half()]
    expect(
      found([storeTask, ...update, op.set(7, 0), op.set(7, 0), op.set(7, 0), op.set(7, 0), ...uses], anyMap),
    ).toEqual(['value.flags: an unknown map is changed'])
    expect(found([storeTask, ...update], { 1: { kind: 'map', definition: 0 } })).toEqual([proven])
  })
})

describe('data sections', () => {
  const word = [op.loadImmediate(6), op.half(), op.store(6, 0, 4)]
  const at = (offset: number) => ({ 0: section(offset) })
  const pointerIn = '.bss.word: struct task_struct'

  it('hold pointers in variables', () => {
    expect(found(word, at(64))).toEqual([pointerIn])
    expect(found(word, at(16))).toEqual(['inner.first: struct task_struct'])
    const bytes = (offset: number) => Array.from({ length: 72 }, (_, n) => (n === offset ? 1 : 0))
    expect(found(word, at(64), bytes(63))).toEqual([pointerIn])
    expect(found(word, at(64), bytes(64))).toEqual(['.bss.word: it starts as a number in section .bss'])
    expect(found(word, at(64), bytes(71))).toEqual(['.bss.word: it starts as a number in section .bss'])
    expect(found(word, at(16), bytes(48))).toEqual(['inner.first: it starts as a number in section .bss'])
  })

  it('are no memory of unknown type', () => {
    expect(found([...word, op.storeNumber(5, 64, 1)], at(64))).toEqual([pointerIn])
  })

  it('are written at an index only within a variable', () => {
    const indexed = (register: number, offset: number): Instruction[] => [
      op.loadImmediate(7),
      op.half(),
      op.add(7, register),
      op.storeNumber(7, offset, 1),
    ]
    const both = (offset: number) => ({ ...at(64), 3: section(offset) })
    expect(found([...word, ...indexed(3, 0)], both(0))).toEqual([pointerIn])
    // What is named by its middle may be anything.
    expect(found([...word, ...indexed(3, 0)], both(16))).toEqual([`.bss.word: ${index}`])
    expect(found([...word, ...indexed(3, 0)], both(64))).toEqual([`.bss.word: ${index}`])
  })
})

test('what nothing speaks for is not mentioned', () => {
  expect(found([op.storeNumber(1, 0, 5)])).toEqual([])
})
