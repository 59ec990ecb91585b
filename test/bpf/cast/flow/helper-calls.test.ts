import { describe, expect, it, test } from 'vitest'
import type { Code } from '../../../../src/bpf/cast/code/code.js'
import type { Instruction } from '../../../../src/bpf/programs/instruction.js'
import { recorded, refers, result, stack, types, zero } from './one-function.js'
import { observe, op, program } from './support.js'

const { b, ints, pointer } = types
const valueMap = b.struct('value_map', [{ name: 'value', type: pointer.value }])
const innerMap = b.struct('inner_map', [{ name: 'value', type: pointer.inner }])
const bareMap = b.struct('bare_map', [{ name: 'value_size', type: pointer.word }])
const outerMap = b.struct('outer_map', [{ name: 'values', type: b.array(b.pointer(innerMap), 0) }])
const wordMap = b.struct('word_map', [{ name: 'value', type: pointer.word }])

const map = (definition: number): { before: Instruction[]; references: Code['references'] } => ({
  before: [op.loadImmediate(1), op.half()],
  references: refers(0, { kind: 'map', definition }),
})
const lookup = 1
const update = 2
const currentTask = 158
const ktime = 5

describe('what helpers return', () => {
  const of = (definition: number, helper = lookup): string => {
    const { before, references } = map(definition)
    return result([...before, op.helper(helper)], { references })
  }

  test.each([
    ['a pointer to the value of the map', valueMap, 'call@2(value kernel)'],
    ['memory apart, where the value has no type', bareMap, 'call@2(apart)'],
    ['the map in a map', outerMap, 'call@2(map N)'],
    ['a pointer to a word', wordMap, 'call@2(long unsigned int kernel)'],
  ])('is %s', (_, definition, expected) => {
    expect(of(definition)).toBe(expected.replace('N', `${innerMap}`))
  })

  it('is the same of all that find a value', () => {
    expect([1, 81, 107, 145, 156, 195, 210].map((helper) => of(valueMap, helper))).toEqual(
      Array(7).fill('call@2(value kernel)'),
    )
  })

  it('is of one map or another, or of any', () => {
    const { before } = map(valueMap)
    const both = [op.loadImmediate(1), op.half(), op.jumpIf(3, 0, 2), ...before, op.helper(lookup)]
    const references: Code['references'] = new Map([
      [0, { kind: 'map' as const, definition: valueMap }],
      [3, { kind: 'map' as const, definition: innerMap }],
    ])
    expect(result(both, { references })).toBe('call@5({inner kernel | value kernel})')
    expect(result([op.helper(lookup)])).toBe('call@0')
    expect(of(0)).toBe('call@2')
  })

  test.each([
    [35, 'call@0(task_struct kernel)'],
    [currentTask, 'call@0(task_struct kernel)'],
    // A struct that these types do not have.
    [136, 'call@0(memory kernel)'],
    [131, 'call@0(apart)'],
    [84, 'call@0'],
    [ktime, 'number'],
    [999, 'call@0'],
    [0, 'call@0'],
    [-1, 'call@0'],
  ])('of helper %d is %s', (helper, expected) => {
    expect(result([op.helper(helper)])).toBe(expected)
  })

  it('is a CPU of a variable of the kernel', () => {
    const variable = refers(0, { kind: 'variable', typeId: types.inner })
    const of = (helper: number, ...between: Instruction[]): string =>
      result([op.loadImmediate(1), op.half(), ...between, op.helper(helper)], { references: variable })
    expect([of(153), of(154)]).toEqual(['call@2(inner kernel)', 'call@2(inner kernel)'])
    expect(of(153, op.addNumber(1, 8))).toBe('call@3')
    expect(result([op.helper(153)])).toBe('call@0')
    // What comes as a parameter is no variable, although that begins where the function does.
    expect(of(153, op.move(1, 2))).toBe('call@3')
  })

  it('leaves no arguments behind', () => {
    expect([1, 2, 3, 4, 5].map((n) => result([op.set(n, 7), op.helper(ktime), op.move(0, n)]))).toEqual(
      Array(5).fill('?'),
    )
    expect(result([op.set(6, 7), op.helper(ktime), op.move(0, 6)])).toBe('7')
  })
})

describe('what is put into maps', () => {
  const updated = (
    definition: number,
    from: readonly Instruction[],
    helper = update,
    register = 3,
  ): string[] => {
    const { before, references } = map(definition)
    const moved = register === 3 ? [] : [op.move(register, 3)]
    return recorded([...before, ...from, ...moved, op.helper(helper), zero], { references }).of(
      'put',
      'replace',
    )
  }
  const filled = [op.storeNumber(10, -8, 5), op.store(10, -16, 4), ...stack(3, -16)]

  it('comes from the stack word by word', () => {
    const put = (at: number) => [
      `${at} put [inner+0] = parameter 3(task_struct) (copy to map)`,
      `${at} put [inner+8] = 5 (copy to map)`,
    ]
    expect(updated(innerMap, filled)).toEqual(put(6))
    expect(updated(innerMap, filled, 87, 2)).toEqual(put(7))
    for (const helper of [107, 145, 156, 210]) expect(updated(innerMap, filled, helper)).toEqual(put(6))
    expect(updated(innerMap, filled, lookup)).toEqual([])
  })

  test.each([
    ['a value of the map itself', valueMap, [op.move(3, 6)], []],
    ['a struct that begins with one', innerMap, [op.move(3, 6), op.addNumber(3, 24)], []],
    [
      'another place',
      innerMap,
      [op.move(3, 6)],
      ['replace inner: a value of unknown origin is copied into the map'],
    ],
    [
      'anywhere',
      innerMap,
      [op.move(3, 5)],
      ['replace inner: a value of unknown origin is copied into the map'],
    ],
    [
      'some place on the stack',
      innerMap,
      [...stack(3, -16), op.add(3, 9)],
      ['replace inner: a value of unknown origin is copied into the map'],
    ],
    ['nowhere', innerMap, [op.set(3, 0)], []],
    ['anywhere, into a map of no type', bareMap, [op.move(3, 5)], []],
    ['anywhere, into an unknown map', 0, [op.move(3, 5)], ['replace everything: an unknown map is changed']],
    ['nowhere, into an unknown map', 0, [op.set(3, 0)], []],
  ] as const)('from %s', (_, definition, from, expected) => {
    // R6 is the first parameter, R9 any number.
    const { before, references } = map(definition)
    const shifted = new Map([...references].map(([at, reference]) => [at + 2, reference]))
    const code = [op.move(6, 1), op.move(9, 3), ...before, ...from, op.helper(update), zero]
    const lines = recorded(code, { references: shifted }).of('put', 'replace')
    expect(lines.map((line) => line.replace(/^\d+ /, ''))).toEqual(expected)
  })

  it('by an exchange is in the slot, and what was there comes back', () => {
    const exchange = (offset: number): Instruction[] => [
      op.addNumber(1, offset),
      op.move(2, 4),
      op.helper(194),
    ]
    expect(recorded([...exchange(0), zero]).of('put', 'view')).toEqual([
      '2 put [value+0] = parameter 3(task_struct) (exchange)',
    ])
    expect(recorded([...exchange(88), zero]).of('put', 'view')).toEqual([
      '2 put [value+88] = parameter 3(task_struct) (exchange)',
      '2 view parameter 3(task_struct) as task_struct (typed store)',
    ])
    expect(recorded([...exchange(16), zero]).of('put', 'view')).toEqual([])
    expect(result(exchange(88))).toBe('call@2([value+88])')
    expect(result(exchange(16))).toBe('call@2')
  })
})

describe('what helpers say of their arguments', () => {
  const helped = (helper: number, kind: string, before: readonly Instruction[] = []): string[] =>
    recorded([...before, op.helper(helper), zero]).of(kind)

  it('which structs they point at', () => {
    expect(helped(156, 'view')).toEqual(['0 view parameter 1 as task_struct (argument)'])
    expect(helped(175, 'view')).toEqual(['0 view parameter 0(value) as task_struct (argument)'])
    // There is no struct inode in these types.
    expect(helped(145, 'view')).toEqual([])
    expect(helped(ktime, 'view')).toEqual([])
  })

  it('where they read', () => {
    const read = [op.move(3, 2)]
    expect(helped(113, 'follow', read)).toEqual(['1 follow parameter 1 kernel (kernel read)'])
    expect(helped(112, 'follow', read)).toEqual([])
    expect(helped(112, 'number', read)).toEqual(['1 number parameter 1: an address in user space'])
    expect(helped(113, 'number', read)).toEqual([])
  })

  it('where they write, and how much', () => {
    const to = [op.move(1, 5), op.set(2, 24)]
    expect(helped(113, 'overwrite', to)).toEqual(['2 overwrite parameter 4 24: a helper writes there'])
    expect(helped(113, 'overwrite', [op.move(1, 5), op.move(2, 3)])).toEqual([
      '2 overwrite parameter 4 undefined: a helper writes there',
    ])
    expect(helped(105, 'overwrite', [op.move(4, 5)])).toEqual([
      '1 overwrite parameter 4 8: a helper writes there',
    ])
    expect(helped(ktime, 'overwrite', to)).toEqual([])
  })

  it('if they are not known, nothing but that they may write everywhere', () => {
    const may = 'code that is not known may write there'
    expect(helped(999, 'overwrite')).toEqual([
      `0 overwrite parameter 0(value) undefined: ${may}`,
      `0 overwrite parameter 1 undefined: ${may}`,
      `0 overwrite number undefined: ${may}`,
      `0 overwrite parameter 3(task_struct) undefined: ${may}`,
      `0 overwrite parameter 4 undefined: ${may}`,
    ])
  })
})

describe('what helpers leave of the stack', () => {
  const full = [op.storeNumber(10, -8, 5), op.storeNumber(10, -16, 6), op.storeNumber(10, -24, 7)]
  const left = (before: readonly Instruction[], helper: number): string =>
    [-8, -16, -24]
      .map((offset) => result([op.move(6, 1), ...full, ...before, op.helper(helper), op.load(0, 10, offset)]))
      .map((text) => text.replace(/^stack@\d+$/, '?').replace(/@\d+/, ''))
      .join(' ')
  const size = (n: number) => op.set(2, n)

  test.each([
    ['as much as they write', [...stack(1, -24), size(8)], 112, '5 6 ?'],
    ['more of it', [...stack(1, -24), size(9)], 112, '5 ? ?'],
    ['all above, where it is not known how much', [...stack(1, -16), op.move(2, 3)], 112, '? ? 7'],
    ['all above, where it is not known where', [...stack(1, -16), op.add(1, 3), size(8)], 112, '? ? 7'],
    [
      'what they read, if that is known',
      [...stack(1, -16), size(8), op.move(3, 6)],
      113,
      '5 call([value+0]) 7',
    ],
    ['what they read, if that is a word', [...stack(1, -16), size(4), op.move(3, 6)], 113, '5 ? 7'],
    ['what they read somewhere', [...stack(1, -24), op.add(1, 3), size(8), op.move(3, 6)], 113, '? ? ?'],
    ['what they read in user space', [...stack(1, -16), size(8), op.move(3, 6)], 112, '5 ? 7'],
    ['what nothing is known of', [...stack(1, -16), size(8), op.move(3, 5)], 113, '5 ? 7'],
    ['a fixed size', stack(4, -16), 105, '5 ? 7'],
    ['nothing that unknown ones are shown', stack(5, -16), 999, '? ? 7'],
    ['everything, where nothing is written', [], ktime, '5 6 7'],
  ])('%s', (_, before, helper, expected) => {
    expect(left(before, helper)).toBe(expected)
  })

  it('but what they read some time may be there later', () => {
    // A callback gets the stack as its context.
    expect(left([...stack(3, -16)], 181)).toBe('? ? 7')
    expect(left([...stack(4, -16)], 181)).toBe('5 6 7')
  })

  it('or what was shown before, where they call a function', () => {
    const shown = [...stack(7, -16), op.store(6, 0, 7), op.set(3, 0)]
    expect(left(shown, 181)).toBe('? ? 7')
    expect(left(shown, ktime)).toBe('5 6 7')
  })
})

describe('callbacks', () => {
  const callback = b.prototype(ints.s32, [
    { name: 'index', type: ints.u32 },
    { name: 'context', type: pointer.inner },
  ])
  const typed = b.function('callback', callback, 'static')
  const untyped = b.function(
    'untyped',
    b.prototype(ints.s32, [
      { name: 'index', type: ints.u32 },
      { name: 'context', type: pointer.void },
    ]),
    'static',
  )

  /** A loop over a function, with a context in R3. */
  const looped = (typeId: number, context: readonly Instruction[], kinds: readonly string[]) => {
    const code = [op.loadImmediate(2), op.half(), ...context, op.helper(181), zero, op.exit()]
    return observe(
      program(types, [
        { code, refers: { 0: { kind: 'function', index: 1 } }, is: { typeId: main, binding: 'global' } },
        { code: [zero, op.exit()], is: { typeId, binding: 'static', isCallback: true } },
      ]),
    ).of(...kinds)
  }
  const main = b.function('main', b.prototype(ints.s32, [{ name: 'v', type: pointer.value }]), 'global')
  const onStack = [op.storeNumber(10, -8, 5), op.storeNumber(10, -16, 6), ...stack(3, -16)]

  it('that declare what they get are handed that', () => {
    expect(looped(typed, onStack, ['view', 'put', 'escape'])).toEqual([
      '6 view frame-16 as inner (argument)',
      '6 put [inner+0] = 6 (copy to callee)',
      '6 put [inner+8] = 5 (copy to callee)',
    ])
    expect(looped(typed, [op.move(3, 1)], ['view', 'put', 'escape'])).toEqual([
      '3 view parameter 0(value) as inner (argument)',
    ])
    expect(looped(typed, [...onStack, op.add(3, 9)], ['put', 'replace'])).toEqual([
      '7 replace inner: a struct on the stack is handed to a function',
    ])
  })

  it('that do not may keep the address', () => {
    expect(looped(untyped, onStack, ['view', 'put', 'escape'])).toEqual(['6 escape frame-16'])
    expect(looped(untyped, [op.move(3, 1)], ['escape'])).toEqual(['3 escape parameter 0(value)'])
  })
})
