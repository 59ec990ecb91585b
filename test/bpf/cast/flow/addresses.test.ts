import { describe, expect, it, test } from 'vitest'
import { coreKind } from '../../../../src/bpf/cast/code/code.js'
import { castToKernel, castToUser, operation } from '../../../../src/bpf/cast/code/instructions.js'
import { Arithmetic } from '../../../../src/bpf/cast/flow/arithmetic.js'
import { Space, TOP, type Value } from '../../../../src/bpf/cast/flow/values.js'
import { knowledgeOf, makeTypes, textOf } from './support.js'

const types = makeTypes()
const core = new Map([
  [2, { typeId: types.inner, kind: coreKind.fieldOffset }],
  [3, { typeId: types.value, kind: coreKind.fieldOffset }],
])
const loaded = knowledgeOf(types, { addsInLowHalves: true, core })
const plain = knowledgeOf(types, { core })

/** The same values in code as compilers make it and as the verifier leaves it. */
function worldOf(knowledge: typeof plain) {
  const { values } = knowledge
  const slot = knowledge.heldIn(types.value, 0, 0)
  const pointer = knowledge.heldIn(types.value, 88, 0)
  return {
    knowledge,
    values,
    arithmetic: new Arithmetic(knowledge),
    slot,
    pointer,
    typed: values.typed(types.value, 8, 0, Space.kernel),
    memory: values.typed(0, 0, 0, Space.arena),
    frame: values.frame(-16),
    number: values.scalar(1),
    unknown: knowledge.made('load', 9, 0, TOP),
    text: (value: Value): string => textOf(knowledge, value),
    n: (number: number): Value => values.constant(number),
  }
}

const w = worldOf(plain)
const v = worldOf(loaded)
const at = 5

describe('ADD of 64 bits', () => {
  const { values, n, arithmetic, text } = w
  const add = (a: Value, b: Value): string => text(arithmetic.add(a, b, at, 0))

  test.each([
    ['numbers', n(5), n(7), '12'],
    ['a number and nothing', n(0), values.scalar(8), 'n*8'],
    ['nothing and a number', values.scalar(8), n(0), 'n*8'],
    ['multiples', values.scalar(12), values.scalar(18), 'n*6'],
    ['a multiple and a number', values.scalar(12), n(18), 'n*6'],
    ['an address and bytes', w.typed, n(16), 'value+24 kernel'],
    ['bytes and an address', n(16), w.typed, 'value+24 kernel'],
    ['an address and a multiple', w.typed, values.scalar(24), 'value+8~24 kernel'],
    ['a multiple and an address', values.scalar(24), w.typed, 'value+8~24 kernel'],
    ['an address and anything', w.typed, TOP, 'value+8~1 kernel'],
    ['anything and an address', TOP, w.typed, 'value+8~1 kernel'],
    ['an address and what was loaded', w.typed, w.unknown, 'value+8~1 kernel'],
    ['a declared pointer and a multiple', w.pointer, values.scalar(16), '[value+88]~16'],
    ['what a slot holds and bytes', w.slot, n(8), '[value+0]+8'],
    ['what a slot holds and a multiple', w.slot, values.scalar(8), 'derived@5'],
    ['what a slot holds, moved, and a multiple', values.shift(w.slot, 8), values.scalar(8), 'derived@5+8'],
    ['two pointers', w.typed, w.pointer, 'derived@5+8'],
    ['the stack and bytes', w.frame, n(-8), 'frame-24'],
    ['the stack and a multiple', w.frame, values.scalar(8), 'frame-16~8'],
    ['the stack and anything', w.frame, TOP, 'frame-16~1'],
    ['a multiple and the stack', values.scalar(8), w.frame, 'frame-16~8'],
    ['anything and bytes', TOP, n(8), 'derived@5'],
    ['a map and bytes', values.map(3), n(8), 'derived@5'],
    ['memory and a multiple', w.memory, values.scalar(8), 'derived@5'],
    ['a cast address and a multiple', values.cast(w.slot, true), values.scalar(8), 'derived@5^'],
    ['null that is cast and a number', values.cast(n(0), true), values.scalar(8), 'derived@5(memory arena)^'],
    ['a number and null that is cast', values.scalar(8), values.cast(n(0), true), 'derived@5(memory arena)^'],
    ['each of a set and bytes', plain.join(w.typed, w.slot), n(8), '{[value+0]+8 | value+16 kernel}'],
    [
      'each of a set and a multiple',
      plain.join(w.typed, w.frame),
      values.scalar(8),
      '{frame-16~8 | value+8~8 kernel}',
    ],
    ['the low half of an address and bytes', values.low(w.typed), n(8), 'low value+16 kernel'],
    ['the low half of an address and anything', values.low(w.typed), TOP, 'derived@5'],
  ])('of %s', (_, a, b, expected) => {
    expect(add(a, b)).toBe(expected)
  })

  it('of a field makes a pointer to the struct that has it', () => {
    const field = values.core(8, 2)
    expect(add(w.unknown, field)).toBe('derived@5(inner+8)')
    expect(add(field, w.unknown)).toBe('derived@5(inner+8)')
    expect(add(values.cast(w.slot, true), field)).toBe('derived@5(inner+8 arena)^')
    expect(add(w.typed, field)).toBe('derived@5(inner+8 kernel)')
    const made = arithmetic.add(w.unknown, field, at, 0)
    expect(plain.originOf(made)?.from).toBe(w.unknown)
    // It is known already that it points there.
    expect(add(values.typed(types.value, 0, 0, 0), values.core(24, 3))).toBe('value+24')
    // An instruction of which no type is known.
    expect(add(w.unknown, values.core(8, 4))).toBe('load@9+8')
  })
})

describe('SUB of 64 bits', () => {
  const { values, n, arithmetic, text } = w

  test.each([
    ['bytes from an address', w.typed, n(4), 'value+4 kernel'],
    ['bytes from a number', n(4), n(6), '-2'],
    ['bytes from a multiple', values.scalar(12), n(6), 'n*6'],
    ['a multiple from a number', n(12), values.scalar(18), 'n*6'],
    ['an address from a number', n(12), w.typed, 'number'],
    ['anything from a number', n(12), TOP, 'number'],
    ['a multiple from an address', w.typed, values.scalar(24), 'value+8~24 kernel'],
    ['an address from an address', w.typed, w.pointer, 'number'],
    ['the stack from the stack', w.frame, w.frame, 'number'],
    ['a multiple from the stack', w.frame, values.scalar(8), 'frame-512~1'],
    ['anything from anything', TOP, w.unknown, 'derived@5'],
    ['a multiple from what a slot holds', w.slot, values.scalar(8), 'derived@5'],
  ])('of %s', (_, a, b, expected) => {
    expect(text(arithmetic.subtract(a, b, at, 0))).toBe(expected)
  })
})

describe('MOV', () => {
  const { values, n, arithmetic, text } = w
  const moved = (value: Value, offset: number, immediate: number): string =>
    text(arithmetic.move(value, offset, immediate, at, 0))

  it('takes a value as it is, but for sign extensions', () => {
    expect(arithmetic.move(w.slot, 0, 7, at, 0)).toBe(w.slot)
    expect(moved(w.slot, 8, 0)).toBe('number')
  })

  it('casts from and to the arena', () => {
    expect(moved(w.slot, 1, castToKernel)).toBe('[value+0]^')
    expect(moved(values.cast(w.slot, true), 1, castToUser)).toBe('[value+0]')
    expect(moved(w.slot, 1, 2)).toBe('?')
    expect(moved(n(0), 1, castToKernel)).toBe('0^')
    expect(moved(values.cast(n(0), true), 1, castToUser)).toBe('0')
    // What is nothing in particular is an address in the arena then, and nothing when it comes back.
    expect(moved(TOP, 1, castToKernel)).toBe('derived@5(memory arena)^')
    expect(moved(n(16), 1, castToKernel)).toBe('derived@5(memory arena)^')
    expect(moved(TOP, 1, castToUser)).toBe('derived@5')
    const either = plain.join(w.slot, w.typed)
    expect(moved(either, 1, castToKernel)).toBe('{[value+0]^ | value+8^ arena}')
  })

  it.each([
    ['a number', n(2 ** 32 + 5), '5'],
    ['a negative number', n(-1), `${2 ** 32 - 1}`],
    ['a multiple', values.scalar(24), 'n*8'],
    ['half an address', values.low(w.slot), 'low [value+0]'],
    ['an origin', w.unknown, 'low load@9'],
    ['what a slot holds', w.slot, 'low [value+0]'],
    ['a typed pointer', w.typed, 'low value+8 kernel'],
    ['a set', plain.join(w.slot, w.typed), 'number'],
    ['the stack', w.frame, 'number'],
    ['anything', TOP, 'number'],
  ])('of 32 bits leaves of %s the low half', (_, value, expected) => {
    expect(text(arithmetic.moveLow(value))).toBe(expected)
  })

  it('of 32 bits keeps sets of addresses where the verifier makes them of casts', () => {
    const low = (...of: Value[]): string => v.text(v.arithmetic.moveLow(v.values.set(of)))
    expect(low(v.slot, v.typed)).toBe('low {[value+0] | value+8 kernel}')
    expect(low(v.slot, v.n(0))).toBe('low {0 | [value+0]}')
    expect(low(v.slot, v.number)).toBe('number')
  })
})

describe('additions of 32 bits, which the verifier makes of those to arena addresses', () => {
  const { values, n, arithmetic, text } = v
  const opcode = (what: number, is32: boolean): number => what | (is32 ? 4 : 7)
  const operate = (what: number, a: Value, b: Value, is32 = true, of = v): string =>
    of.text(of.arithmetic.operate(opcode(what, is32), 0, a, b, at, 0))

  test.each([
    ['an address and bytes', operation.add, v.slot, n(8), 'low [value+0]+8'],
    ['bytes and an address', operation.add, n(8), v.slot, 'low [value+0]+8'],
    ['half an address and bytes', operation.add, values.low(v.slot), n(8), 'low [value+0]+8'],
    ['bytes and half an address', operation.add, n(8), values.low(v.slot), 'low [value+0]+8'],
    ['an address and a field', operation.add, v.slot, values.core(8, 2), 'number'],
    ['an address less bytes', operation.subtract, v.slot, n(8), 'low [value+0]-8'],
    ['half an address less bytes', operation.subtract, values.low(v.slot), n(8), 'low [value+0]-8'],
    ['bytes less an address', operation.subtract, n(8), v.slot, 'number'],
    ['an address times bytes', operation.multiply, v.slot, n(8), 'n*8'],
    ['two addresses', operation.add, v.slot, v.slot, 'number'],
    ['anything and bytes', operation.add, TOP, n(8), 'number'],
    [
      'either address and bytes',
      operation.add,
      values.set([v.slot, v.typed]),
      n(8),
      'low {[value+0]+8 | value+16 kernel}',
    ],
    ['an address or a number, and bytes', operation.add, values.set([v.slot, v.number]), n(8), 'number'],
    ['an address and a multiple', operation.add, v.typed, values.scalar(8), 'low value+8~8 kernel'],
    ['numbers', operation.add, n(2 ** 32), n(8), '8'],
  ])('%s', (_, what, a, b, expected) => {
    expect(operate(what, a, b)).toBe(expected)
  })

  it('are numbers in an object file', () => {
    expect(operate(operation.add, w.slot, w.n(8), true, w)).toBe('number')
    expect(w.arithmetic.movesPointer(w.typed, w.n(8))).toBe(false)
  })

  it('are told by what is added to', () => {
    const moves = (a: Value, b: Value): boolean => arithmetic.movesPointer(a, b)
    expect([moves(v.typed, n(8)), moves(n(8), v.typed), moves(v.pointer, n(8))]).toEqual([true, true, true])
    expect([moves(values.low(v.slot), n(8)), moves(n(8), values.low(v.slot))]).toEqual([true, true])
    // It may as well be an integer that holds a number.
    expect([moves(v.slot, n(8)), moves(n(8), v.slot), moves(n(8), n(8))]).toEqual([false, false, false])
    expect([moves(v.typed, v.typed), moves(v.typed, TOP), moves(TOP, v.typed)]).toEqual([false, false, false])
  })

  it('are others than those of 64 bits', () => {
    expect(operate(operation.add, v.slot, n(8), false)).toBe('[value+0]+8')
    expect(operate(operation.subtract, v.slot, n(8), false)).toBe('[value+0]-8')
    expect(operate(operation.multiply, n(8), n(8), false)).toBe('64')
    expect(text(arithmetic.operate(opcode(operation.divide, false), 0, n(8), n(2), at, 0))).toBe('4')
    expect(text(arithmetic.operate(opcode(operation.modulo, false), 0, n(8), n(3), at, 0))).toBe('2')
    // Signed divisions.
    expect(text(arithmetic.operate(opcode(operation.divide, false), 1, n(8), n(2), at, 0))).toBe('number')
    expect(text(arithmetic.operate(opcode(operation.modulo, false), 1, n(8), n(2), at, 0))).toBe('number')
    expect(text(arithmetic.operate(opcode(operation.or, false), 1, n(8), n(2), at, 0))).toBe('10')
  })
})

describe('other operations', () => {
  const { values, n, arithmetic, text } = w
  const { add, subtract, multiply, divide, and, or, xor, shiftLeft, shiftRight } = operation

  test.each([
    ['a multiple and a multiple', subtract, values.scalar(12), values.scalar(18), 'n*6'],
    ['a multiple and anything', add, values.scalar(12), TOP, 'number'],
    ['a multiple and a pointer', subtract, values.scalar(12), w.typed, 'number'],
    ['a multiple times anything', multiply, values.scalar(12), TOP, 'n*12'],
    ['a multiple times nothing', multiply, values.scalar(12), n(0), 'number'],
    ['a multiple by anything', divide, values.scalar(12), n(4), 'number'],
    ['a multiple, shifted by anything', shiftLeft, values.scalar(24), TOP, 'n*8'],
    ['a multiple, shifted to the right by anything', shiftRight, values.scalar(24), TOP, 'number'],
    ['a multiple, masked by less', and, values.scalar(24), n(-2), 'n*8'],
    ['a multiple, masked by more', and, values.scalar(24), n(-16), 'n*16'],
    ['a multiple, with bits of another', or, values.scalar(24), values.scalar(4), 'n*4'],
    ['a multiple, with bits of anything', xor, values.scalar(24), TOP, 'number'],
    ['anything, with anything', add, TOP, TOP, 'number'],
    ['anything, times anything', multiply, TOP, values.scalar(8), 'number'],
  ])('on %s', (_, what, a, b, expected) => {
    expect(text(arithmetic.compute(what, a, b, false))).toBe(expected)
  })

  it('know multiples through what an instruction has made', () => {
    const made = plain.made('call', 7, 0, values.scalar(48))
    const twice = plain.made('call', 8, 0, made)
    expect([made, twice, w.unknown, TOP].map((value) => arithmetic.strideOf(value))).toEqual([48, 48, 1, 1])
    expect(arithmetic.strideOf(n(-12))).toBe(12)
    expect(arithmetic.strideOf(n(0))).toBe(1)
    expect(arithmetic.strideOfBoth(values.scalar(12), n(18))).toBe(6)
  })

  it('on anything give an address that is like what it comes from', () => {
    const derived = (from: Value): string => text(arithmetic.derive(from, at, 0))
    expect(derived(n(5))).toBe('number')
    expect(derived(TOP)).toBe('derived@5')
    expect(derived(values.shift(w.slot, 8))).toBe('derived@5+8')
    expect(derived(values.cast(values.shift(w.slot, 8), true))).toBe('derived@5+8^')
    expect(derived(values.shift(w.slot, 8, 16))).toBe('derived@5+8')
  })
})
