import { describe, expect, it, test } from 'vitest'
import { atomicOperation } from '../../../../src/bpf/cast/code/instructions.js'
import type { Instruction } from '../../../../src/bpf/programs/instruction.js'
import { core, recorded, result, types, zero } from './one-function.js'
import { op } from './support.js'

describe('stores', () => {
  test.each([
    ['a register', [op.store(1, 8, 2)], '0 store parameter 0(value) [8] 8 = parameter 1 (store)'],
    [
      'half of a register',
      [op.store(1, 16, 2, 0x63)],
      '0 store parameter 0(value) [16] 4 = parameter 1 (store)',
    ],
    ['a number', [op.storeNumber(1, 8, -5)], '0 store parameter 0(value) [8] 8 = -5 (store)'],
    ['a byte', [op.storeNumber(1, 8, 5, 0x72)], '0 store parameter 0(value) [8] 1 = 5 (store)'],
  ])('of %s', (_, instructions, expected) => {
    const { lines } = recorded([...instructions, zero])
    expect(lines.slice(0, 2)).toEqual([expected.replace(/^(\d+) store (.*) = .*$/, '$1 access $2'), expected])
  })

  it('by CO-RE show the struct', () => {
    const { lines } = recorded([op.store(2, 8, 3), zero], { core: core(0, types.inner) })
    expect(lines[0]).toBe('0 view parameter 1 as inner (CO-RE access)')
  })

  const five = op.storeNumber(10, -8, 5)
  const six = op.storeNumber(10, -16, 6)

  test.each([
    ['over it', [op.storeNumber(10, -8, 7)], '7', '6'],
    ['over a part of it', [op.storeNumber(10, -8, 7, 0x62)], 'stack', '6'],
    ['elsewhere', [op.storeNumber(1, 8, 7)], '5', '6'],
    ['through what nothing is known of', [op.storeNumber(2, 8, 7)], '5', '6'],
    ['at a known place', [op.move(6, 10), op.addNumber(6, -8), op.storeNumber(6, -8, 7)], '5', '7'],
    [
      'at an index',
      [op.move(6, 10), op.addNumber(6, -16), op.add(6, 3), op.storeNumber(6, 0, 7)],
      'stack',
      'stack',
    ],
    [
      'at an index above',
      [op.move(6, 10), op.addNumber(6, -8), op.add(6, 3), op.storeNumber(6, 0, 7)],
      'stack',
      'number',
    ],
    [
      'at an index, with a displacement',
      [op.move(6, 10), op.add(6, 3), op.storeNumber(6, -8, 7)],
      'stack',
      'number',
    ],
    [
      'at an index, upwards',
      [op.move(6, 10), op.addNumber(6, -8), op.add(6, 3), op.storeNumber(6, 8, 7)],
      'stack',
      'number',
    ],
  ])('on the stack are forgotten by stores %s', (_, instructions, top, below) => {
    const read = (offset: number): string => result([five, six, ...instructions, op.load(0, 10, offset)])
    expect(read(-8).replace(/@.*/, '')).toBe(top)
    expect(read(-16).replace(/@.*/, '')).toBe(below)
  })

  it('on the stack or elsewhere forget what may have been meant', () => {
    // R6 is one of two addresses on the stack, or on the stack and in the value.
    const either = (other: Instruction[]) => [
      five,
      six,
      op.move(6, 10),
      op.addNumber(6, -8),
      op.jumpIf(3, 0, other.length),
      ...other,
      op.storeNumber(6, 0, 7),
    ]
    const read = (other: Instruction[], offset: number) =>
      result([...either(other), op.load(0, 10, offset)]).replace(/@.*/, '')
    const value = [op.move(6, 1)]
    expect([read(value, -8), read(value, -16)]).toEqual(['stack', '6'])
    const lower = [op.addNumber(6, -8)]
    expect([read(lower, -8), read(lower, -16)]).toEqual(['stack', 'stack'])
  })

  it('through unknown pointers forget a stack whose address has been stored', () => {
    const shown = [five, op.move(6, 10), op.addNumber(6, -8), op.store(1, 0, 6)]
    const read = (...between: Instruction[]) =>
      result([...shown, ...between, op.load(0, 10, -8)]).replace(/@.*/, '')
    expect(read()).toBe('5')
    expect(read(op.storeNumber(2, 0, 1))).toBe('stack')
    expect(read(op.storeNumber(1, 0, 1))).toBe('5')
    expect(read(op.cast(7, 2), op.storeNumber(7, 0, 1))).toBe('5')
    // What has not been shown stays.
    expect(result([six, ...shown, op.storeNumber(2, 0, 1), op.load(0, 10, -16)]).replace(/@.*/, '')).toBe('6')
  })
})

describe('atomics', () => {
  const { exchange, compareExchange, loadAcquire, storeRelease, fetch } = atomicOperation
  const at0 = (what: number, code = 0xdb): Instruction[] => [op.atomic(1, 0, 2, what, code)]

  it('exchange what is there', () => {
    const { lines } = recorded([...at0(exchange), op.move(0, 2)])
    expect(lines).toEqual([
      '0 access parameter 0(value) [0] 8',
      '0 store parameter 0(value) [0] 8 = parameter 1 (exchange)',
      '2 give load@0([value+0]) from 0',
    ])
    expect(result([op.set(0, 3), ...at0(compareExchange)])).toBe('load@0([value+0])'.replace('@0', '@1'))
    expect(result([...at0(compareExchange), op.move(0, 2)])).toBe('parameter 1')
    expect(recorded([...at0(compareExchange), zero]).of('store')).toEqual([
      '0 store parameter 0(value) [0] 8 = parameter 1 (exchange)',
    ])
    expect(result([...at0(exchange, 0xc3), op.move(0, 2)])).toBe('number')
  })

  it('add numbers', () => {
    expect(recorded([...at0(0), zero]).of('store')).toEqual([
      '0 store parameter 0(value) [0] 8 = number (exchange)',
    ])
    expect(result([...at0(0), op.move(0, 2)])).toBe('parameter 1')
    expect(result([...at0(fetch), op.move(0, 2)])).toBe('number')
  })

  it('load and store in order', () => {
    expect(result([op.atomic(0, 0, 1, loadAcquire)])).toBe('load@0([value+0])')
    expect(result([op.atomic(0, 0, 1, loadAcquire, 0xc3)])).toBe('number')
    expect(recorded([op.atomic(0, 8, 1, loadAcquire), zero]).lines[0]).toBe(
      '0 access parameter 0(value) [8] 8',
    )
    expect(recorded([op.atomic(1, 8, 2, storeRelease), zero]).of('access', 'store')).toEqual([
      '0 access parameter 0(value) [8] 8',
      '0 store parameter 0(value) [8] 8 = parameter 1 (store)',
    ])
    expect(result([op.set(0, 4), op.atomic(1, 8, 2, storeRelease)])).toBe('4')
  })

  it('on the stack leave either value there', () => {
    const read = (what: number) =>
      result([op.storeNumber(10, -8, 5), op.atomic(10, -8, 2, what), op.load(0, 10, -8)]).replace(/@.*/, '')
    expect([exchange, compareExchange, 0].map(read)).toEqual(['stack', 'stack', 'stack'])
    expect(read(storeRelease)).toBe('parameter 1')
  })
})

describe('arena accesses as the verifier leaves them', () => {
  const probe = { load: 0xb9, store: 0xbb, number: 0xba, atomic: 0xfb }

  test.each([
    ['loads', [op.moveLow(6, 2), op.load(0, 6, 8, probe.load)], 'parameter 1^'],
    ['loads without a cast', [op.load(0, 2, 8, probe.load)], 'parameter 1^'],
    ['stores', [op.moveLow(6, 2), op.store(6, 8, 3, probe.store), zero], 'parameter 1^'],
    ['stores of numbers', [op.moveLow(6, 2), op.storeNumber(6, 8, 3, probe.number), zero], 'parameter 1^'],
    ['atomics', [op.moveLow(6, 2), op.atomic(6, 8, 3, 0, probe.atomic), zero], 'parameter 1^'],
    ['loads through numbers', [op.moveLow(6, 3), op.load(0, 6, 8, probe.load)], 'derived@1(memory arena)^'],
  ])('of %s are casts', (_, instructions, base) => {
    const { lines } = recorded(instructions)
    expect(lines.find((line) => line.includes('access'))?.replace(/^\d+ access (.*) \[8\] 8$/, '$1')).toBe(
      base,
    )
    const followed = recorded(instructions).of('follow')
    expect(followed).toHaveLength(1)
    expect(followed[0]).toMatch(/^\d follow (parameter 1|number) arena \(arena cast\)$/)
  })

  it('and others are none', () => {
    expect(recorded([op.load(0, 2, 8)]).of('follow')).toEqual([])
    expect(recorded([op.cast(6, 2), zero]).of('follow')).toEqual(['0 follow parameter 1 arena (arena cast)'])
    expect(recorded([op.move(6, 2), zero]).of('follow')).toEqual([])
  })
})
