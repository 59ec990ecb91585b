import { describe, expect, it } from 'vitest'
import { operation } from '../../../../src/bpf/cast/code/instructions.js'
import { Arithmetic } from '../../../../src/bpf/cast/flow/arithmetic.js'
import type { Knowledge } from '../../../../src/bpf/cast/flow/knowledge.js'
import { TOP, ValueKind, Values } from '../../../../src/bpf/cast/flow/values.js'

const values = new Values()
const arithmetic = new Arithmetic({ values } as unknown as Knowledge)

/** What a multiple of `stride` is a multiple of afterwards. */
function strideAfter(what: number, stride: number, by: number, is32 = false): number {
  return arithmetic.strideOf(arithmetic.compute(what, values.scalar(stride), values.constant(by), is32))
}

describe('what a number is a multiple of', () => {
  it('is divided by a shift to the right where that leaves no rest', () => {
    expect(strideAfter(operation.shiftRight, 48, 3)).toBe(6)
    expect(strideAfter(operation.shiftRight, 48, 4)).toBe(3)
    expect(strideAfter(operation.shiftRight, 48, 5)).toBe(1)
    expect(strideAfter(operation.shiftRight, 48, 0)).toBe(48)
    expect(strideAfter(operation.shiftRightSigned, 48, 4)).toBe(3)
  })

  it('is not known after shifts by what no shift is', () => {
    expect(strideAfter(operation.shiftRight, 2 ** 41, 40)).toBe(1)
    expect(strideAfter(operation.shiftRight, 2 ** 39, 39)).toBe(1)
    expect(strideAfter(operation.shiftRight, 64, -1)).toBe(1)
    expect(strideAfter(operation.shiftLeft, 12, -1)).toBe(4)
    expect(strideAfter(operation.shiftLeft, 12, 40)).toBe(4)
  })

  it('is multiplied by a shift to the left and by a factor', () => {
    expect(strideAfter(operation.shiftLeft, 12, 2)).toBe(48)
    expect(strideAfter(operation.multiply, 12, -5)).toBe(60)
  })

  it('keeps only powers of two where 32 bits cut the number', () => {
    expect(strideAfter(operation.shiftLeft, 12, 2, true)).toBe(16)
    expect(strideAfter(operation.add, 12, 18)).toBe(6)
    expect(strideAfter(operation.add, 12, 18, true)).toBe(2)
    expect(strideAfter(operation.xor, 12, 24)).toBe(4)
  })
})

describe('arithmetic on two known numbers', () => {
  const folded = (what: number, a: number, b: number, is32 = false): number | undefined => {
    const value = arithmetic.compute(what, values.constant(a), values.constant(b), is32)
    return values.kind(value) === ValueKind.constant ? values.offset(value) : undefined
  }

  it.each([
    ['add', operation.add, 7, 5, 12],
    ['subtract', operation.subtract, 5, 7, -2],
    ['multiply', operation.multiply, 6, 7, 42],
    ['divide', operation.divide, 43, 6, 7],
    ['divide by zero', operation.divide, 43, 0, 0],
    ['modulo', operation.modulo, 43, 6, 1],
    ['modulo zero', operation.modulo, 43, 0, 43],
    ['or', operation.or, 0b1100, 0b1010, 0b1110],
    ['and', operation.and, 0b1100, 0b1010, 0b1000],
    ['xor', operation.xor, 0b1100, 0b1010, 0b0110],
    ['shiftLeft', operation.shiftLeft, 3, 4, 48],
    ['shiftRight', operation.shiftRight, 48, 4, 3],
    ['shiftRightSigned', operation.shiftRightSigned, -48, 4, -3],
  ])('%s of 64 bits is what BPF makes of it', (_, what, a, b, result) => {
    expect(folded(what, a, b)).toBe(result)
  })

  it('of 64 bits is signed, and shifts by the low 6 bits', () => {
    expect(folded(operation.multiply, -3, 4)).toBe(-12)
    expect(folded(operation.shiftLeft, 1, 65)).toBe(2)
    expect(folded(operation.shiftRight, -1, 60)).toBe(15)
    // Divisions are of unsigned numbers.
    expect(folded(operation.divide, -1, 2 ** 40)).toBe(2 ** 24 - 1)
    // What a double cannot hold is any number.
    expect(folded(operation.shiftLeft, 1, 62)).toBeUndefined()
  })

  it('of 32 bits takes low words, is unsigned, and shifts by the low 5 bits', () => {
    expect(folded(operation.subtract, 5, 7, true)).toBe(2 ** 32 - 2)
    expect(folded(operation.add, 2 ** 32 + 5, 7, true)).toBe(12)
    expect(folded(operation.shiftLeft, 1, 33, true)).toBe(2)
    expect(folded(operation.shiftLeft, 1, 31, true)).toBe(2 ** 31)
    expect(folded(operation.shiftRightSigned, 0x80000000, 4, true)).toBe(0xf8000000)
    expect(folded(operation.shiftRight, 0x80000000, 4, true)).toBe(0x08000000)
  })

  it('has no result for what is no operation on two numbers', () => {
    expect(folded(operation.swapBytes, 5, 7)).toBeUndefined()
  })
})

describe('what comes of something unknown is a multiple of', () => {
  const unknownBy = (what: number, by: number): number =>
    arithmetic.strideOf(arithmetic.compute(what, TOP, values.constant(by), false))

  it('what it is shifted, multiplied or masked by, and of nothing else', () => {
    expect([3, 39, 40, 63].map((by) => unknownBy(operation.shiftLeft, by))).toEqual([8, 2 ** 39, 1, 1])
    expect([24, -24, 0].map((by) => unknownBy(operation.multiply, by))).toEqual([24, 24, 1])
    expect([0xf0, -8, 7, 0].map((by) => unknownBy(operation.and, by))).toEqual([16, 8, 1, 1])
    expect([operation.or, operation.divide, operation.shiftRight].map((what) => unknownBy(what, 16))).toEqual(
      [1, 1, 1],
    )
  })
})
