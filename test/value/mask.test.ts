import { describe, expect, test } from 'vitest'
import type { StructType } from '../../src/btf/types.js'
import { cpuList, cpusOf, highestCpu, maskLength, maskOf } from '../../src/value/mask.js'
import type { BtfBuilder } from '../btf/builder.js'
import { build, type Integers } from './types.js'

const placeOf = (make: (b: BtfBuilder, types: Integers) => number): unknown =>
  maskOf(build(make) as StructType)

describe('structs that are sets of CPUs', () => {
  test('are told by their names and members', () => {
    expect(placeOf((b, { u64 }) => b.struct('cpumask', [{ name: 'bits', type: b.array(u64, 4) }]))).toEqual({
      start: 0,
      length: 32,
    })
    const behind = (b: BtfBuilder, { s32, u64 }: Integers, name: string): number =>
      b.struct(name, [
        { name: 'usage', type: s32 },
        {
          name: 'cpumask',
          type: b.typedef('mask_t', b.struct('cpumask', [{ name: 'bits', type: b.array(u64, 2) }])),
        },
      ])
    expect(placeOf((b, types) => behind(b, types, 'bpf_cpumask'))).toEqual({ start: 8, length: 16 })
    expect(placeOf((b, types) => behind(b, types, 'llc_cpumask'))).toEqual({ start: 8, length: 16 })
    // Its bits are its own, and not those of a member.
    expect(placeOf((b, types) => behind(b, types, 'scx_bitmap'))).toBeUndefined()
    expect(placeOf((b, types) => behind(b, types, 'other'))).toBeUndefined()
    expect(placeOf((b, types) => behind(b, types, 'toString'))).toBeUndefined()
  })

  test.each<[string, (b: BtfBuilder, types: Integers) => number]>([
    ['a number', (_, { u64 }) => u64],
    ['of halves of words', (b, { u32 }) => b.array(u32, 4)],
    ['of pointers', (b) => b.array(b.pointer(0), 2)],
    ['none', (b, { u64 }) => b.array(u64, 0)],
  ])('are structs like any other where the bits are %s', (_, bits) => {
    expect(
      placeOf((b, types) => b.struct('cpumask', [{ name: 'bits', type: bits(b, types) }])),
    ).toBeUndefined()
  })

  test('are so where the bits lie outside of them, or are a bitfield', () => {
    const cut = (size: number) =>
      placeOf((b, { u64 }) => b.struct('cpumask', [{ name: 'bits', type: b.array(u64, 2), offset: 8 }], size))
    expect(cut(24)).toEqual({ start: 8, length: 16 })
    expect(cut(23)).toBeUndefined()
    expect(
      placeOf((b, { u64 }) =>
        b.struct('cpumask', [{ name: 'bits', type: b.array(u64, 1), bitOffset: 0, bitSize: 3 }], 8),
      ),
    ).toBeUndefined()
  })
})

test.each([
  [0, 8],
  [63, 8],
  [64, 16],
  [127, 16],
  [128, 24],
  [1e6, 1024],
  [Number.POSITIVE_INFINITY, 1024],
])('with CPUs up to %i, %i bytes of a mask count', (highest, length) => {
  expect(maskLength(1024, highest)).toBe(length)
})

test('the CPUs of a mask are its bits, up to the highest and to its end', () => {
  const bytes = Uint8Array.of(0xff, 0b1000_0001, 0b11, 0xff)
  expect(cpusOf(bytes, 1, 2, 100)).toEqual([0, 7, 8, 9])
  expect(cpusOf(bytes, 1, 2, 8)).toEqual([0, 7, 8])
  expect(cpusOf(bytes, 1, 2, 7)).toEqual([0, 7])
  expect(cpusOf(bytes, 1, 1, Number.POSITIVE_INFINITY)).toEqual([0, 7])
  expect(highestCpu([0, 5, 3])).toBe(5)
  expect(highestCpu([])).toBe(Number.POSITIVE_INFINITY)
})

test.each([
  [[], ''],
  [[0], '0'],
  [[3, 4], '3-4'],
  [[0, 1, 2, 3, 5, 7, 8], '0-3,5,7-8'],
  [[1, 3, 5], '1,3,5'],
])('the CPUs %j are %j', (cpus, text) => {
  expect(cpuList(cpus)).toBe(text)
})
