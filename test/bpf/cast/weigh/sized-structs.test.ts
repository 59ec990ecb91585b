import { expect, test } from 'vitest'
import { sizedStructs } from '../../../../src/bpf/cast/weigh/sized-structs.js'
import { Btf } from '../../../../src/btf/btf.js'
import { BtfBuilder } from '../../../btf/builder.js'
import { integers } from '../../../value/types.js'

test('an allocation may be any struct that fills it once it is rounded up', () => {
  const b = new BtfBuilder()
  const { u32, u64 } = integers(b)
  const words = (count: number) => Array.from({ length: count }, (_, n) => ({ name: `w${n}`, type: u64 }))
  b.struct('two', words(2))
  b.struct('odd', [...words(1), { name: 'half', type: u32 }], 12)
  b.struct('three', words(3))
  b.struct('', words(2))
  const kernels = b.struct('kernels', words(2))
  const btf = Btf.parse(b.build())
  expect(sizedStructs(btf, 16, new Set([kernels]))).toEqual(['struct two', 'struct odd'])
  expect(sizedStructs(btf, 13, new Set())).toEqual(['struct two', 'struct odd', 'struct kernels'])
  expect(sizedStructs(btf, 17, new Set())).toEqual(['struct three'])
  expect(sizedStructs(btf, 9, new Set())).toHaveLength(3)
  expect(sizedStructs(btf, 4096, new Set())).toEqual([])
})

test('of many structs that fit, sixteen are named', () => {
  const b = new BtfBuilder()
  const { u64 } = integers(b)
  for (let n = 0; n < 20; n++) b.struct(`s${n}`, [{ name: 'w', type: u64 }])
  const found = sizedStructs(Btf.parse(b.build()), 8, new Set())
  expect(found).toEqual(Array.from({ length: 16 }, (_, n) => `struct s${n}`))
})
