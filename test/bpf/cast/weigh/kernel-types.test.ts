import { describe, expect, it, test } from 'vitest'
import { type Code, coreKind } from '../../../../src/bpf/cast/code/code.js'
import { TypeShapes } from '../../../../src/bpf/cast/code/type-shapes.js'
import { kernelTypes } from '../../../../src/bpf/cast/weigh/kernel-types.js'
import { BtfBuilder } from '../../../btf/builder.js'
import { integers } from '../../../value/types.js'
import { codeOf, op, type Types } from '../flow/support.js'

const b = new BtfBuilder()
const { u64, s32 } = integers(b)
const word = (name: string) => b.struct(name, [{ name: `of_${name}`, type: u64 }])
const [own, leaf, element, result, parameter] = ['own', 'leaf', 'element', 'result', 'parameter'].map(word)
const [targeted, local, known, behind] = ['targeted', 'local', 'known', 'behind'].map(word)
const arm = b.union('arm', [
  { name: 'leaf', type: b.pointer(leaf as number) },
  { name: 'number', type: u64 },
])
/** Leads to itself, into an array, through a union, and nowhere. */
const root = b.struct('root', (self) => [
  { name: 'self', type: b.pointer(self) },
  { name: 'arm', type: arm },
  { name: 'elements', type: b.array(b.pointer(b.pointer(b.const(b.typedef('e', element as number)))), 3) },
  { name: 'any', type: b.pointer(0) },
])
const task = b.struct('task_struct', [{ name: 'behind', type: b.pointer(behind as number) }])
const typeId = b.function(
  'f',
  b.prototype(b.pointer(result as number), [
    { name: 'p', type: b.pointer(parameter as number) },
    { name: 'n', type: s32 },
  ]),
  'global',
)
const always = ['behind', 'task_struct']
const all = [own, leaf, element, result, parameter, targeted, local, known, behind, arm, root, task]

function found(more: Parameters<typeof codeOf>[2] = {}): string[] {
  const code: Code = codeOf({ b } as unknown as Types, [op.exit()], more)
  const types = kernelTypes(code, new TypeShapes(code.btf, []))
  expect([...types].every((id) => all.includes(id))).toBe(true)
  return [...types].map((id) => code.btf.type(id).name).toSorted()
}
const plus = (...names: string[]): string[] => [...always, ...names].toSorted()

describe('the kernel fills', () => {
  it('what helpers return, and all that it leads to', () => {
    expect(found()).toEqual(always)
  })

  test.each([
    ['what is in a context', [b.pointer(root)], plus('root', 'arm', 'leaf', 'element')],
    ['what is in any word of it', [undefined, s32, b.pointer(own as number)], plus('own')],
    ['no numbers', [u64, b.pointer(0)], always],
  ])('%s', (_, contextTypes, expected) => {
    expect(found({ functions: [{ contextTypes }] })).toEqual(expected)
  })

  it('what programs take and return, and not what other functions do', () => {
    expect(found({ functions: [{ binding: 'entry', typeId }] })).toEqual(plus('parameter', 'result'))
    expect(found({ functions: [{ binding: 'global', typeId }] })).toEqual(always)
    expect(found({ functions: [{ binding: 'static', typeId }] })).toEqual(always)
    expect(found({ functions: [{ binding: 'entry', typeId: own as number }] })).toEqual(always)
  })

  it('what kernel functions take and return, and kernel variables', () => {
    const with0 = (reference: Code['references'] extends ReadonlyMap<number, infer R> ? R : never) =>
      found({ references: new Map([[0, reference]]) })
    expect(with0({ kind: 'kernel function', name: 'f', typeId })).toEqual(plus('parameter', 'result'))
    expect(with0({ kind: 'kernel function', name: 'f', typeId: 0 })).toEqual(always)
    expect(with0({ kind: 'variable', typeId: own as number })).toEqual(plus('own'))
    expect(with0({ kind: 'variable', typeId: b.pointer(own as number) })).toEqual(plus('own'))
    expect(with0({ kind: 'map', definition: own as number })).toEqual(always)
  })

  it('what relocations speak of, unless that is a type of the program', () => {
    const relocated = (kind: number, typeId: number | undefined) =>
      found({ core: new Map([[0, { kind, typeId: typeId as number }]]) })
    expect(relocated(coreKind.fieldOffset, targeted)).toEqual(plus('targeted'))
    expect(relocated(coreKind.targetType, targeted)).toEqual(plus('targeted'))
    expect(relocated(coreKind.localType, local)).toEqual(always)
  })

  it('what is known to be its own from elsewhere', () => {
    expect(found({ kernelStructs: new Set([known as number]) })).toEqual(plus('known'))
  })
})
