import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Instruction } from '../../../src/bpf/programs/instruction.js'
import { inlinedLookup } from '../../../src/bpf/recovery/inlined-lookups.js'
import { instruction } from '../../support/program-objects.js'

const start = [
  instruction(0x07, { destination: 1, immediate: 248 }),
  instruction(0x61, { destination: 0, source: 2 }),
]
const compare = (offset: number) => instruction(0x35, { destination: 0, immediate: 64, offset })
const mask = instruction(0x54, { destination: 0, immediate: 63 })
const shift = instruction(0x67, { destination: 0, immediate: 4 })
const multiply = instruction(0x27, { destination: 0, immediate: 24 })
const add = instruction(0x0f, { destination: 0, source: 1 })
const follow = instruction(0x79, { destination: 0, source: 0 })
const perCpu = instruction(0xbf, { destination: 0, source: 0, offset: -1 })
const end = [instruction(0x05, { offset: 1 }), instruction(0xb7, { destination: 0 })]
const call = instruction(0x85)
const check = (offset: number) => instruction(0x15, { destination: 0, offset })
const toValue = instruction(0x07, { destination: 0, immediate: 56 })
const referenced = [
  instruction(0x71, { destination: 1, source: 0, offset: 20 }),
  instruction(0x55, { destination: 1, offset: 1 }),
  instruction(0x72, { destination: 0, offset: 20, immediate: 1 }),
]

/** As kernel/bpf/arraymap.c and hashtab.c write them. */
const lookups: readonly [string, boolean, readonly Instruction[]][] = [
  ['an array', false, [...start, compare(3), shift, add, ...end]],
  ['an array whose index is masked', false, [...start, compare(4), mask, multiply, add, ...end]],
  ['a per-CPU array', false, [...start, compare(6), mask, shift, add, follow, perCpu, ...end]],
  ['an array of maps', false, [...start, compare(6), mask, shift, add, follow, check(1), ...end]],
  ['a hash', true, [call, check(1), toValue]],
  ['an LRU hash', true, [call, check(4), ...referenced, toValue]],
  ['a per-CPU hash', true, [call, check(3), toValue, follow, perCpu]],
  ['a hash of maps', true, [call, check(2), toValue, follow]],
]

describe('lookups that the verifier has inlined', () => {
  test.each(lookups)('in %s are found, with all that belongs to them', (_what, isHash, code) => {
    const around = [instruction(0xb7, { destination: 7 }), ...code, instruction(0x95)]
    expect(inlinedLookup(around, 1, isHash)).toEqual({ at: 1, length: code.length })
    expect(inlinedLookup(around, 0, false)).toBeUndefined()
    expect(inlinedLookup(code.slice(0, -1), 0, isHash)).toBeUndefined()
  })

  test('are not found where any instruction is another', () => {
    for (const [, isHash, code] of lookups) {
      const most = isHash ? 1 : 0
      for (let at = most; at < code.length; at++) {
        const changed = code.map((one, n) =>
          n === at ? instruction(0xaf, { destination: 3, source: 4 }) : one,
        )
        expect(inlinedLookup(changed, 0, isHash)).toBeUndefined()
      }
    }
  })

  test('of maps in arrays check for null only where they end', () => {
    const early = [...start, compare(6), mask, check(3), shift, add, follow, ...end]
    expect(inlinedLookup(early, 0, false)).toBeUndefined()
    const late = [...start, compare(6), mask, shift, add, follow, check(1), ...end]
    expect(inlinedLookup(late, 0, false)).toEqual({ at: 0, length: late.length })
  })

  test('have as many steps as the kernel writes at most', () => {
    const array = (steps: number, to = steps + 1) => [
      ...start,
      compare(to),
      ...Array(steps).fill(mask),
      ...end,
    ]
    expect(inlinedLookup(array(13), 0, false)).toEqual({ at: 0, length: 18 })
    expect(inlinedLookup(array(14), 0, false)).toBeUndefined()
    expect(inlinedLookup(array(2), 0, false)).toEqual({ at: 0, length: 7 })
    expect(inlinedLookup(array(1), 0, false)).toBeUndefined()
    const hash = (steps: number) => [call, check(steps), ...Array(steps).fill(toValue)]
    expect([0, 1, 4, 5].map((steps) => inlinedLookup(hash(steps), 0, true)?.length)).toEqual([
      undefined,
      3,
      6,
      undefined,
    ])
  })

  test('never reach beyond the code, whatever it is', () => {
    const any = fc.record({
      code: fc.constantFrom(0x07, 0x61, 0x35, 0x54, 0x67, 0x27, 0x0f, 0x79, 0xbf, 0x05, 0xb7, 0x85, 0x15),
      destination: fc.nat(2),
      source: fc.nat(2),
      offset: fc.integer({ min: -2, max: 12 }),
      immediate: fc.nat(1),
    })
    fc.assert(
      fc.property(fc.array(any, { maxLength: 20 }), fc.boolean(), (code, isHash) => {
        for (let at = 0; at < code.length; at++) {
          const found = inlinedLookup(code, at, isHash)
          if (found !== undefined) expect(found.at + found.length).toBeLessThanOrEqual(code.length)
        }
      }),
    )
  })
})
