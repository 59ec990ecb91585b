import { describe, expect, it, test } from 'vitest'
import type { CodeFunction, Reference } from '../../../../src/bpf/cast/code/code.js'
import { GivenUp } from '../../../../src/bpf/cast/flow/functions.js'
import type { Instruction } from '../../../../src/bpf/programs/instruction.js'
import { instruction } from '../../../support/program-objects.js'
import { given, stack } from './one-function.js'
import { declarerIn, makeTypes, observe, op, program } from './support.js'

const types = makeTypes()
const { ints, pointer } = types
const declare = declarerIn(types)
const main = declare(ints.s32, pointer.value, ints.u64, ints.u32, pointer.task, pointer.void)

type Function = Parameters<typeof program>[1][number]
const calls = (index: number): Reference => ({ kind: 'function', index })

/** `main`, which calls the second function at its instruction `at`, and returns what is in R0 then. */
function observed(before: readonly Instruction[], called: Function, ...others: Function[]) {
  const code = [...before, op.callFunction(), op.exit()]
  return observe(
    program(types, [
      { code, refers: { [before.length]: calls(1) }, is: { typeId: main, binding: 'global' } },
      called,
      ...others,
    ]),
  )
}

/** A static function of some type. */
const fn = (
  typeId: number | undefined,
  code: readonly Instruction[],
  is: Partial<CodeFunction> = {},
): Function => ({
  code: [...code, op.exit()],
  is: { typeId, binding: 'static', ...is },
})
/** Reads what it gets, so that all parameters are there. */
const reads = (...registers: number[]): Instruction[] => registers.map((n) => op.move(6, n))
describe('what a function of the program gets', () => {
  const two = (result: number, first: number, second: number) => declare(result, first, second)
  const gets = (typeId: number | undefined, register: number, before: readonly Instruction[] = []): string =>
    given(observed(before, fn(typeId, [...reads(1, 2), op.move(0, register)])), 1).join()

  it('is what it declares, where it reads all that it declares', () => {
    const typeId = two(ints.s32, pointer.value, ints.u32)
    expect(gets(typeId, 1)).toBe('parameter 0(value)')
    // The second is a word to the caller, and no pointer.
    expect(gets(typeId, 2)).toBe('parameter 1')
    // It declares two, but what comes first is dropped: nothing says which is which.
    const dropped = fn(two(ints.s32, pointer.task, ints.u32), [...reads(1), op.move(0, 1)])
    expect(given(observed([], dropped), 1)).toEqual(['parameter 0(value)'])
  })

  it('is no more what it declares where a caller passes something else', () => {
    const typeId = two(ints.s32, pointer.inner, ints.u32)
    expect(gets(typeId, 1)).toBe('parameter 0(value)')
    expect(gets(two(ints.s32, pointer.inner, ints.u32), 1, [op.set(1, 5)])).toBe('5')
    // A pointer, where a number is declared.
    expect(gets(two(ints.s32, pointer.value, ints.u32), 1, [op.move(2, 4)])).toBe('parameter 0(value)')
    expect(gets(two(ints.s32, pointer.value, ints.u32), 2, [op.move(2, 4)])).toBe('parameter 1(task_struct)')
    expect(gets(two(ints.s32, pointer.value, ints.u32), 2)).toBe('parameter 1')
  })

  test.each([
    ['null', pointer.inner, [op.set(1, 0)], 'inner'],
    ['something unknown', pointer.inner, [op.move(1, 2)], 'inner'],
    ['a struct in it', pointer.inner, [op.addNumber(1, 24)], 'inner'],
    ['a text, for what is no struct', pointer.text, [], 'unsigned char'],
    ['what lies beyond', pointer.inner, [op.addNumber(1, 200)], 'inner'],
    ['another place of it', pointer.inner, [op.addNumber(1, 88)], 'value+88'],
    ['the stack', pointer.inner, stack(1, -16), 'inner'],
  ])('is what it declares, where it is given %s', (_, declared, before, expected) => {
    expect(gets(two(ints.s32, declared, ints.u64), 1, before)).toBe(`parameter 0(${expected})`)
  })

  test.each([
    ['a number', [op.set(1, 5)], '5'],
    ['multiples', [op.move(1, 3), instruction(0x67, { destination: 1, immediate: 3 })], 'parameter 0(n*8)'],
    ['a pointer', [], 'parameter 0(value)'],
    ['a moved one', [op.addNumber(1, 8)], 'parameter 0(value+8)'],
    ['what was loaded', [op.load(1, 1, 0)], 'parameter 0([value+0])'],
    ['anything', [op.move(1, 5)], 'parameter 0'],
    ['the stack', stack(1, -16), "parameter 0(caller's stack)"],
    ['half an address', [op.moveLow(1, 1)], 'parameter 0(number)'],
    ['a cast address', [op.cast(1, 2)], 'parameter 0'],
  ])('is, if it declares nothing, %s', (_, before, expected) => {
    expect(gets(undefined, 1, before)).toBe(expected)
  })

  it('is what all callers pass', () => {
    const called = fn(undefined, [...reads(1), op.move(0, 1)])
    const of = (first: Instruction[], second: Instruction[]): string[] => {
      const code = [
        op.move(7, 1),
        ...first,
        op.callFunction(),
        op.move(1, 7),
        ...second,
        op.callFunction(),
        op.exit(),
      ]
      const at = first.length + 1
      const refers = { [at]: calls(1), [at + second.length + 2]: calls(1) }
      return given(
        observe(program(types, [{ code, refers, is: { typeId: main, binding: 'global' } }, called])),
        1,
      )
    }
    expect(of([op.set(1, 8)], [op.set(1, 12)])).toEqual(['parameter 0(n*4)'])
    expect(of([op.set(1, 8)], [op.set(1, 8)])).toEqual(['8'])
    expect(of([], [op.addNumber(1, 16)])).toEqual(['parameter 0(value~16)'])
    expect(of([op.set(1, 0)], [])).toEqual(['parameter 0(value)'])
  })

  it('is anything, if others may call it', () => {
    const of = (is: Partial<CodeFunction>, register = 1) =>
      given(
        observed([], fn(two(ints.s32, pointer.void, ints.u32), [...reads(1, 2), op.move(0, register)], is)),
        1,
      )
    expect(of({ binding: 'global' })).toEqual(['parameter 0'])
    expect(of({ isCallback: true })).toEqual(['parameter 0'])
    expect(of({ binding: 'global' }, 2)).toEqual(['number'])
    expect(of({ binding: 'static' })).toEqual(['parameter 0(value)'])
    expect(of({ binding: 'entry' })).toEqual(['parameter 0'])
    expect(of({ binding: 'entry' }, 2)).toEqual(['?'])
    expect(of({ binding: 'entry', contextTypes: [] })).toEqual(['context 1'])
  })

  it('is anything, if nobody calls it', () => {
    const alone = fn(undefined, [...reads(1), op.move(0, 1)])
    const recorder = observe(
      program(types, [{ code: [op.set(0, 0), op.exit()], is: { binding: 'entry' } }, alone]),
    )
    expect(given(recorder, 1)).toEqual(['parameter 0'])
  })
})

describe('what comes back', () => {
  const back = (
    typeId: number | undefined,
    code: readonly Instruction[],
    before: readonly Instruction[] = [],
  ): string => given(observed(before, fn(typeId, code)), 0).join()
  const number = declare(ints.s32)

  test.each([
    ['a number', [op.set(0, 5)], '5'],
    ['the parameter', [op.move(0, 1)], 'parameter 0(value)'],
    ['the parameter, moved', [op.move(0, 1), op.addNumber(0, 8)], 'parameter 0(value)+8'],
    ['another parameter', [op.move(0, 4)], 'parameter 3(task_struct)'],
    ['what it loads', [op.load(0, 1, 88)], 'call@0([value+88])'],
    ['its stack', [op.move(0, 10)], 'call@0'],
    ['anything', [op.load(0, 1, 200)], 'call@0'],
    ['null or a pointer', [op.set(0, 0), op.jumpIf(3, 0, 1), op.load(0, 1, 88)], 'call@0([value+88])'],
  ])('of a function without a type is %s', (_, code, expected) => {
    expect(back(undefined, code)).toBe(expected)
  })

  it('is what is declared', () => {
    expect(back(declare(pointer.inner), [op.load(0, 1, 200)])).toBe('call@0(inner)')
    expect(back(declare(pointer.inner), [op.load(0, 1, 200), op.cast(0, 0)])).toBe('call@0(inner^ arena)')
    expect(back(number, [op.load(0, 1, 88)])).toBe('number')
    expect(back(number, [op.set(0, 7)])).toBe('7')
    expect(back(declare(pointer.void), [op.load(0, 1, 88)])).toBe('call@0([value+88])')
  })

  it('is either of two', () => {
    const code = [op.move(0, 4), op.jumpIf(3, 0, 2), op.load(0, 1, 0), op.jump(0)]
    expect(back(undefined, code)).toBe('call@0({[value+0] | task_struct})')
  })

  it('is seen where it is declared, if somebody reads it', () => {
    const views = (typeId: number, after: Instruction[], is: Partial<CodeFunction> = {}): string[] =>
      observe(
        program(types, [
          {
            code: [op.callFunction(), ...after, op.exit()],
            refers: { 0: calls(1) },
            is: { typeId: main, binding: 'global' },
          },
          fn(typeId, [op.load(0, 1, 0)], is),
        ]),
      ).of('view')
    const view = ['view load@N([value+0]) as inner (return)']
    const text = (lines: string[]) => lines.map((line) => line.replace(/^\d+ /, '').replace(/@\d+/, '@N'))
    const returns = declare(pointer.inner)
    expect(text(views(returns, [op.move(6, 0)]))).toEqual(view)
    expect(text(views(returns, [op.set(0, 0)]))).toEqual([])
    // Others may read it.
    expect(text(views(returns, [op.set(0, 0)], { binding: 'global' }))).toEqual([
      'view load@N as inner (return)',
    ])
    expect(text(views(declare(pointer.void), [op.move(6, 0)]))).toEqual([])
  })

  test.each([
    ['scx_static_alloc_internal', [op.set(1, 48)], 'call@1(memory arena)', '48'],
    ['scx_buddy_alloc_internal', [op.set(2, 48)], 'call@1(memory arena)', '48'],
    ['scx_alloc_internal', [op.set(1, 48)], 'call@1(memory arena)', '?'],
    ['other', [op.set(1, 48)], '5', ''],
  ])('of the allocator %s is arena memory', (name, before, expected, size) => {
    const code = [...before, op.callFunction(), op.exit()]
    const made = program(types, [
      { code, refers: { [before.length]: calls(1) }, is: { typeId: main, binding: 'global' } },
      fn(undefined, [op.set(0, 5)], { name }),
    ])
    const recorder = observe(made)
    expect(given(recorder, 0)).toEqual([expected])
    expect(sizes(recorder)).toEqual(size === '' ? [] : [size])
  })

  it('of a wrapper is as large as what it is told to allocate', () => {
    const wrapped = (inner: readonly Instruction[], before: readonly Instruction[]) => {
      const wrapper = {
        ...fn(undefined, [...inner, op.callFunction()]),
        refers: { [inner.length]: calls(2) },
      }
      const allocator = fn(undefined, [op.set(0, 5)], { name: 'bump_alloc_internal' })
      return sizes(observed(before, wrapper, allocator)).at(-1)
    }
    expect(wrapped([], [op.set(1, 64)])).toBe('64')
    expect(wrapped([], [op.move(1, 2)])).toBe('parameter 1')
    expect(wrapped([op.set(1, 32)], [])).toBe('32')
    expect(wrapped([op.addNumber(1, 8)], [op.move(1, 2)])).toBe('?')
    expect(wrapped([], [op.set(1, 0)])).toBe('?')
    expect(wrapped([], [op.set(1, -8)])).toBe('?')
  })

  /** How much is allocated by each call of arena memory. */
  function sizes(recorder: ReturnType<typeof observe>): string[] {
    return recorder.knowledge.origins
      .filter(({ kind, general }) => kind === 'call' && recorder.textOf(general) === 'memory arena')
      .map(({ size }) => recorder.textOf(size))
  }

  it('of pages is as large as so many pages', () => {
    const of = (count: Instruction): string[] => {
      const name = 'bpf_arena_alloc_pages'
      const refers: Function['refers'] = { 1: { kind: 'kernel function', name, typeId: 0 } }
      const code = [count, op.callKernel(), op.exit()]
      return sizes(observe(program(types, [{ code, refers, is: { typeId: main, binding: 'global' } }])))
    }
    expect(of(op.set(3, 2))).toEqual(['8192'])
    expect(of(op.set(3, 2 ** 20))).toEqual([`${2 ** 32}`])
    expect(of(op.set(3, 2 ** 20 + 1))).toEqual(['?'])
    expect(of(op.move(3, 2))).toEqual(['?'])
  })
})

describe('what calls of functions say', () => {
  const full = [op.storeNumber(10, -8, 5), op.storeNumber(10, -16, 6)]
  const takes = (...parameters: number[]) => declare(ints.s32, ...parameters)

  test.each([
    [
      'declared as that struct',
      takes(pointer.value),
      {},
      ['view parameter 0(value) as value (argument)', 'pass parameter 0(value) to 1.0'],
    ],
    [
      'declared as text, to a function of our own',
      takes(pointer.text),
      {},
      [
        'view parameter 0(value) as unsigned char (argument)',
        'pass parameter 0(value) to 1.0',
        'escape parameter 0(value)',
      ],
    ],
    [
      'declared as anything, to a function of our own',
      takes(pointer.void),
      {},
      ['pass parameter 0(value) to 1.0'],
    ],
    [
      'declared as anything, to a function that others know',
      takes(pointer.void),
      { binding: 'global' },
      ['pass parameter 0(value) to 1.0', 'escape parameter 0(value)'],
    ],
  ] as const)('of a pointer that is %s', (_, typeId, is, expected) => {
    const { lines } = observed([], fn(typeId, reads(1), is))
    expect(lines.filter((line) => /^0 (view|pass|escape)/.test(line)).map((line) => line.slice(2))).toEqual(
      expected,
    )
  })

  it('of what is left in registers, only where nothing is declared', () => {
    const passes = (typeId: number | undefined) => observed([], fn(typeId, reads(1))).of('pass')
    expect(passes(takes(pointer.value))).toHaveLength(1)
    expect(passes(undefined)).toHaveLength(5)
  })

  it('of a struct on the stack', () => {
    const before = [...full, ...stack(1, -16)]
    expect(observed(before, fn(takes(pointer.inner), reads(1))).of('put', 'replace')).toEqual([
      '4 put [inner+0] = 6 (copy to callee)',
      '4 put [inner+8] = 5 (copy to callee)',
    ])
    expect(
      observed([...before, op.add(1, 3)], fn(takes(pointer.inner), reads(1))).of('put', 'replace'),
    ).toEqual(['5 replace inner: a struct on the stack is handed to a function'])
    expect(observed(before, fn(takes(pointer.text), reads(1))).of('put', 'replace')).toEqual([])
  })

  it('of what the stack holds then', () => {
    const left = (before: readonly Instruction[], called: Function): string =>
      [-8, -16]
        .map((offset) => {
          const code = [...full, ...before, op.callFunction(), op.load(0, 10, offset), op.exit()]
          const at = full.length + before.length
          const is = { typeId: main, binding: 'global' } as const
          return given(observe(program(types, [{ code, refers: { [at]: calls(1) }, is }, called])), 0).join()
        })
        .map((text) => text.replace(/^stack@\d+$/, '?'))
        .join(' ')
    const untyped = fn(undefined, reads(1))
    expect(left([], untyped)).toBe('5 6')
    expect(left(stack(1, -16), untyped)).toBe('? ?')
    expect(left(stack(1, -8), untyped)).toBe('? 6')
    // It may have kept the address of one in the other.
    expect(left([...stack(1, -8), ...stack(2, -16)], untyped)).toBe('? ?')
    expect(left(stack(1, -16), fn(takes(pointer.inner), reads(1)))).toBe('[inner+8] [inner+0]')
    expect(left([...stack(1, -16), op.add(1, 3)], fn(takes(pointer.inner), reads(1)))).toBe('? ?')
    expect(left(stack(1, -16), fn(takes(pointer.word), reads(1)))).toBe('5 ?')
    // What has been shown before.
    expect(left([...stack(6, -16), op.store(1, 0, 6)], untyped)).toBe('? ?')
  })
})

describe('calls that go round', () => {
  const self = (is: Partial<CodeFunction> = {}): Function => ({
    code: [op.jumpIf(1, 0, 2), op.addNumber(1, 8), op.callFunction(), op.move(0, 1), op.exit()],
    refers: { 2: calls(1) },
    is: { binding: 'static', ...is },
  })

  it('end, and nothing is known of what comes back on the way', () => {
    const recorder = observed([op.set(1, 8)], self())
    expect(given(recorder, 1)).toEqual(['?'])
    // Eight, and what comes round.
    expect(recorder.of('pass').filter((line) => line.endsWith('1.0'))).toEqual([
      '1 pass 8 to 1.0',
      '5 pass parameter 0+8 to 1.0',
    ])
  })

  it('are given up when they are too deep, and when it takes too long', () => {
    const chain = (length: number) =>
      program(
        types,
        Array.from({ length }, (_, n) => ({
          code: n === length - 1 ? [op.set(0, 0), op.exit()] : [op.callFunction(), op.exit()],
          ...(n === length - 1 ? {} : { refers: { 0: calls(n + 1) } }),
          is: { binding: n === 0 ? ('entry' as const) : ('static' as const) },
        })),
      )
    expect(observe(chain(16)).of('give')).toHaveLength(16)
    expect(() => observe(chain(17))).toThrow(GivenUp)
    expect(() => observe(chain(17))).toThrow('its functions call each other too deeply')
    const two = program(types, [{ code: [op.set(0, 0), op.exit()] }])
    expect(() => observe(two, 1)).toThrow('it takes too many steps')
    expect(observe(two, 2).of('give')).toHaveLength(1)
    // Each of the four instructions of two functions is one step, wherever it is.
    expect(observe(chain(2), 4).of('give')).toHaveLength(2)
    expect(() => observe(chain(2), 3)).toThrow('it takes too many steps')
  })
})
