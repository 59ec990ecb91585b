import { describe, expect, it, test } from 'vitest'
import { coreKind } from '../../../../src/bpf/cast/code/code.js'
import type { Instruction } from '../../../../src/bpf/programs/instruction.js'
import { instruction } from '../../../support/program-objects.js'
import { core, recorded, refers, result, types, zero } from './one-function.js'
import { codeOf, observe, op } from './support.js'

const { ints, pointer } = types

describe('parameters', () => {
  it('are what the declaration says', () => {
    const of = (register: number): string => result([op.move(0, register)])
    expect([1, 2, 3, 4, 5].map(of)).toEqual([
      'parameter 0(value)',
      'parameter 1',
      'number',
      'parameter 3(task_struct)',
      'parameter 4',
    ])
    expect([6, 9, 10].map(of)).toEqual(['?', '?', 'frame'])
    // There is no such register.
    expect(result([op.move(0, 11)])).toBe('?')
    expect(result([op.set(11, 5), op.move(0, 1)])).toBe('parameter 0(value)')
  })
})

describe('loads', () => {
  test.each([
    ['a word', 0, 0x79, 'load@0([value+0])'],
    ['a pointer', 8, 0x79, 'load@0([value+8])'],
    ['a part', 0, 0x61, 'number'],
    ['a signed part', 0, 0x81, 'number'],
    ['a word with its sign', 0, 0x99, 'number'],
    ['a word that may fault', 0, 0x39, 'load@0([value+0])'],
    ['a struct in it', 24, 0x79, 'load@0([inner+0])'],
    ['nothing that is known', 200, 0x79, 'load@0'],
  ])('of %s', (_, offset, code, expected) => {
    expect(result([op.load(0, 1, offset, code)])).toBe(expected)
  })

  it('say through what they go, and how wide they are', () => {
    const { lines } = recorded([
      op.load(0, 1, 8, 0x69),
      op.load(0, 1, 0, 0x71),
      op.load(0, 1, 4, 0x61),
      op.load(0, 1, 8),
    ])
    expect(lines.slice(0, 4)).toEqual([
      '0 access parameter 0(value) [8] 2',
      '1 access parameter 0(value) [0] 1',
      '2 access parameter 0(value) [4] 4',
      '3 access parameter 0(value) [8] 8',
    ])
  })

  it('through what was loaded before give what lies there', () => {
    expect(result([op.load(6, 1, 88), op.load(0, 6, 8)])).toBe('load@1([task_struct+8])')
    expect(result([op.load(6, 1, 72), op.load(0, 6, 8)])).toBe('load@1')
    expect(result([op.load(6, 1, 0), op.load(0, 6, 8)])).toBe('load@1')
  })

  it('of a field by CO-RE are of the struct that has it', () => {
    const of = (kind: number) => ({ core: core(0, types.inner, kind) })
    const { lines } = recorded([op.load(0, 2, 8)], of(coreKind.fieldOffset))
    expect(lines.slice(0, 3)).toEqual([
      '0 view parameter 1 as inner (CO-RE access)',
      '0 access parameter 1 [8] 8',
      '1 give load@0([inner+8]) from 0',
    ])
    expect(result([op.load(0, 2, 8)], of(coreKind.localType))).toBe('load@0')
    expect(recorded([op.load(0, 2, 8)], of(coreKind.localType)).of('view')).toEqual([])
  })

  it('from the stack give what was stored there', () => {
    const stored = [op.store(10, -8, 1)]
    expect(result([...stored, op.load(0, 10, -8)])).toBe('parameter 0(value)')
    expect(result([...stored, op.load(0, 10, -16)])).toBe('stack@1')
    expect(result([...stored, op.move(6, 10), op.addNumber(6, -16), op.load(0, 6, 8)])).toBe(
      'parameter 0(value)',
    )
    // At an index that is not known.
    expect(result([...stored, op.move(6, 10), op.add(6, 3), op.load(0, 6, -8)])).toBe('stack@3')
  })

  it('from the context give what the program is called with', () => {
    const contextTypes = [pointer.task, ints.u64, ints.u32, undefined, pointer.user]
    const of = (offset: number): string => {
      const functions = [{ binding: 'entry' as const, contextTypes }]
      const code = codeOf(types, [op.load(0, 1, offset), op.exit()], { functions })
      return observe(code)
        .of('give')
        .join()
        .replace(/^1 give (.*) from 0$/, '$1')
    }
    expect([0, 8, 16, 24, 32, 40].map(of)).toEqual([
      'stack@0(task_struct kernel)',
      'stack@0',
      'number',
      'stack@0',
      'stack@0',
      'stack@0',
    ])
  })
})

describe('constants', () => {
  test.each([
    ['of 64 bits', [op.loadImmediate(0, -1), op.half(-1)], {}, '-1'],
    ['of 64 bits, with a half', [op.loadImmediate(0, -1), op.half(0)], {}, `${2 ** 32 - 1}`],
    ['of 64 bits, with the other', [op.loadImmediate(0, 0), op.half(1)], {}, `${2 ** 32}`],
    ['that are pointers of which nothing is said', [op.loadImmediate(0, 5, 3), op.half(0)], {}, 'derived@0'],
    [
      'of a section',
      [op.loadImmediate(0), op.half()],
      { references: refers(0, { kind: 'section', section: 0, offset: 8 }) },
      '.bss+8 (any)',
    ],
    [
      'of a variable',
      [op.loadImmediate(0), op.half()],
      { references: refers(0, { kind: 'section', section: 0, offset: 0 }) },
      '.bss',
    ],
    [
      'of a map',
      [op.loadImmediate(0), op.half()],
      { references: refers(0, { kind: 'map', definition: 3 }) },
      'map 3',
    ],
    [
      'of a function',
      [op.loadImmediate(0), op.half()],
      { references: refers(0, { kind: 'function', index: 0 }) },
      'function 0',
    ],
    [
      'of something else',
      [op.loadImmediate(0), op.half()],
      { references: refers(0, { kind: 'other' }) },
      'derived@0',
    ],
    ['that are offsets', [op.loadImmediate(0, 8), op.half()], { core: core(0, types.inner) }, 'core 8@0'],
    ['that are offsets, of 32 bits', [op.set(0, 8)], { core: core(0, types.inner) }, 'core 8@0'],
    ['of 32 bits', [instruction(0xb4, { immediate: -1 })], {}, `${2 ** 32 - 1}`],
    ['of 32 bits, with their sign', [op.set(0, -1)], {}, '-1'],
    ['of packets', [instruction(0x20)], {}, 'number'],
  ] as const)('%s', (_, instructions, more, expected) => {
    expect(result(instructions, more)).toBe(expected)
  })

  it('of packets are as good as a call', () => {
    expect(result([op.move(6, 1), instruction(0x30), op.move(0, 1)])).toBe('?')
    expect(result([op.move(6, 1), instruction(0x30), op.move(0, 6)])).toBe('parameter 0(value)')
    expect([1, 2, 3, 4, 5].map((n) => result([op.set(n, 7), instruction(0x30), op.move(0, n)]))).toEqual(
      Array(5).fill('?'),
    )
  })
})

describe('arithmetic', () => {
  it('moves, casts and adds', () => {
    expect(result([op.move(0, 1), op.addNumber(0, 24)])).toBe('parameter 0(value)+24')
    expect(result([op.move(0, 1), op.add(0, 3)])).toBe('parameter 0(value)~1')
    expect(result([op.moveLow(0, 1)])).toBe('low parameter 0(value)')
    expect(result([op.moveLow(0, 1, 8)])).toBe('number')
    expect(result([op.cast(0, 2)])).toBe('parameter 1^')
    expect(result([op.cast(0, 2), op.cast(0, 0, 0x10000)])).toBe('parameter 1')
    expect(result([instruction(0xbf, { source: 1, offset: 8 })])).toBe('number')
    expect(result([op.set(0, 6), instruction(0x27, { immediate: 7 })])).toBe('42')
    expect(result([op.set(0, 6), instruction(0x24, { immediate: -1 })])).toBe(`${2 ** 32 - 6}`)
  })

  it('takes operands for numbers, where it does not add to addresses', () => {
    const numbers = (...instructions: Instruction[]): string[] =>
      recorded([op.load(6, 1, 0), op.load(7, 1, 24), ...instructions, zero]).of('number')
    const first = '2 number load@0([value+0]): arithmetic'
    const second = '2 number load@1([inner+0]): arithmetic'
    expect(numbers(instruction(0x2f, { destination: 6, source: 7 }))).toEqual([first, second])
    expect(numbers(instruction(0x27, { destination: 6, immediate: 8 }))).toEqual([first])
    expect(numbers(instruction(0x0f, { destination: 6, source: 7 }))).toEqual([])
    expect(numbers(instruction(0x1f, { destination: 6, source: 7 }))).toEqual([])
    expect(numbers(instruction(0x0c, { destination: 6, source: 7 }))).toEqual([first, second])
    expect(numbers(instruction(0x04, { destination: 6, immediate: 8 }))).toEqual([first])
    expect(numbers(op.move(6, 7))).toEqual([])
  })

  it('of 32 bits on arena addresses is addition where the verifier has made it that', () => {
    const add = instruction(0x04, { destination: 6, immediate: 8 })
    const of = (register: number, addsInLowHalves: boolean) =>
      recorded([op.load(6, 1, register), add, zero], { addsInLowHalves }).of('number')
    expect(of(88, true)).toEqual([])
    expect(of(88, false)).toEqual(['1 number load@0([value+88]): arithmetic'])
    expect(of(0, true)).toEqual(['1 number load@0([value+0]): arithmetic'])
    expect(result([op.load(0, 1, 88), instruction(0x04, { immediate: 8 })], { addsInLowHalves: true })).toBe(
      'low load@0([value+88])+8',
    )
  })

  it('with the offset of a field shows what it is added to', () => {
    const view = '1 view parameter 1 as inner (CO-RE access)'
    const offset = instruction(0xb7, { destination: 6, immediate: 8 })
    const of = (add: Instruction, kind: number = coreKind.fieldOffset) =>
      recorded([offset, add, zero], { core: core(0, types.inner, kind) }).of('view')
    expect(of(op.add(2, 6))).toEqual([view])
    expect(of(op.add(6, 2))).toEqual([view])
    expect(of(op.add(2, 6), coreKind.localType)).toEqual([])
    expect(of(op.add(2, 3))).toEqual([])
  })

  it('is reckoned anew when operands have changed', () => {
    // The loop runs twice: what is added to it makes it any multiple.
    const loop = [op.set(0, 0), op.addNumber(0, 8), op.jumpIf(3, 0, -2)]
    expect(result(loop)).toBe('n*8')
  })
})

describe('jumps', () => {
  const compared = (jump: Instruction): string[] =>
    recorded([op.set(6, 5), op.set(7, 0), jump, zero]).of('number')

  it('compare with numbers what is a number', () => {
    const number = '2 number parameter 1: comparison with a number'
    expect(compared(op.jumpIf(2, 5, 0))).toEqual([number])
    expect(compared(op.jumpIf(2, 1, 0))).toEqual([number])
    expect(compared(op.jumpIf(2, 0, 0))).toEqual([])
    expect(compared(op.jumpIf(2, -4095, 0))).toEqual([])
    expect(compared(op.jumpIfSame(2, 6, 0))).toEqual([number])
    expect(compared(op.jumpIfSame(6, 2, 0))).toEqual([number])
    expect(compared(op.jumpIfSame(2, 7, 0))).toEqual([])
    expect(compared(op.jumpIfSame(2, 1, 0))).toEqual([])
    expect(compared(instruction(0x16, { destination: 2, immediate: 5 }))).toEqual([number])
    // A jump that asks nothing, and one that the verifier alone knows.
    expect(compared(instruction(0x05, { destination: 2, immediate: 5 }))).toEqual([])
    expect(compared(instruction(0xe5, { destination: 2, immediate: 5 }))).toEqual([])
  })

  it('through registers leave nothing', () => {
    expect(result([op.move(6, 1), instruction(0x8d), op.move(0, 6)])).toBe('?')
    expect(result([op.storeNumber(10, -8, 5), instruction(0x8d), op.load(0, 10, -8)])).toBe('stack@2')
  })
})
