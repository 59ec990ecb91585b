import { describe, expect, it } from 'vitest'
import { operation } from '../../../../src/bpf/cast/code/instructions.js'
import { Arithmetic } from '../../../../src/bpf/cast/flow/arithmetic.js'
import type { Knowledge } from '../../../../src/bpf/cast/flow/knowledge.js'
import { Values } from '../../../../src/bpf/cast/flow/values.js'

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
