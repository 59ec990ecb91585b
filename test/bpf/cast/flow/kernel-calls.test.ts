import { describe, expect, it, test } from 'vitest'
import { coreKind, type Reference } from '../../../../src/bpf/cast/code/code.js'
import type { Instruction } from '../../../../src/bpf/programs/instruction.js'
import { given, stack } from './one-function.js'
import { declarerIn, makeTypes, observe, op, program } from './support.js'

const types = makeTypes()
const { ints, pointer } = types
const declare = declarerIn(types)
const main = declare(ints.s32, pointer.value, ints.u64, ints.u32, pointer.task, pointer.void)

type Function = Parameters<typeof program>[1][number]

describe('what kernel functions return, write and reveal', () => {
  const kernel = (
    typeId: number,
    before: readonly Instruction[] = [],
    name = 'bpf_some',
    core: Function['core'] = {},
  ) => {
    const code = [...before, op.callKernel(), op.exit()]
    const refers: Function['refers'] = { [before.length]: { kind: 'kernel function', name, typeId } }
    return observe(program(types, [{ code, refers, core, is: { typeId: main, binding: 'global' } }]))
  }
  const writes = 'a kernel function writes there'

  test.each([
    ['a struct', declare(pointer.inner), 'call@0(inner kernel)'],
    ['a number', declare(ints.s32), 'number'],
    ['nothing', declare(0), 'number'],
    ['anything', declare(pointer.void), 'call@0'],
    ['a word', declare(ints.u64), 'call@0'],
    ['what is not known', 0, 'call@0'],
  ])('%s', (_, typeId, expected) => {
    expect(given(kernel(typeId), 0)).toEqual([expected])
  })

  test.each([
    ['a struct', pointer.value, ['view parameter 0(value) as value (argument)']],
    ['a struct that it takes for another', pointer.inner, ['view parameter 0(value) as inner (argument)']],
    [
      'a word',
      pointer.word,
      [
        'view parameter 0(value) as long unsigned int (argument)',
        `overwrite parameter 0(value) 8: ${writes}`,
      ],
    ],
    [
      'text',
      pointer.text,
      [
        'view parameter 0(value) as unsigned char (argument)',
        `overwrite parameter 0(value) undefined: ${writes}`,
      ],
    ],
    ['anything', pointer.void, [`overwrite parameter 0(value) undefined: ${writes}`]],
    ['anything that stays as it is', pointer.constantVoid, []],
    ['an integer of 8 bytes', ints.u64, []],
    ['a number', ints.u32, []],
  ])('of an argument that is %s', (_, parameter, expected) => {
    const lines = kernel(declare(ints.s32, parameter)).of('view', 'overwrite')
    expect(lines.map((line) => line.replace(/^\d+ /, ''))).toEqual(expected)
  })

  it('of an unknown one, that it may write everywhere', () => {
    expect(kernel(0).of('overwrite')).toHaveLength(5)
    expect(kernel(declare(ints.s32, pointer.void), [], 'bpf_obj_drop_impl').of('overwrite')).toEqual([])
  })

  it('leaves the stack as it may be then', () => {
    const left = (typeId: number, offset: number, name = 'bpf_some'): string => {
      const before = [op.storeNumber(10, -8, 5), op.storeNumber(10, -16, 6), ...stack(1, -16)]
      const code = [...before, op.callKernel(), op.load(0, 10, offset), op.exit()]
      const refers: Function['refers'] = { 4: { kind: 'kernel function', name, typeId } }
      const recorder = observe(program(types, [{ code, refers, is: { typeId: main, binding: 'global' } }]))
      return given(recorder, 0).join().replace(/@\d+/, '')
    }
    const both = (typeId: number, name?: string) => [left(typeId, -8, name), left(typeId, -16, name)]
    expect(both(declare(ints.s32, pointer.word))).toEqual(['5', 'stack'])
    expect(both(declare(ints.s32, pointer.inner))).toEqual(['stack', 'stack'])
    expect(both(declare(ints.s32, pointer.constantInner))).toEqual(['5', '6'])
    expect(both(declare(ints.s32, pointer.text))).toEqual(['stack', 'stack'])
    expect(both(declare(ints.s32, pointer.void))).toEqual(['stack', 'stack'])
    expect(both(declare(ints.s32, pointer.void), 'bpf_arena_free_pages')).toEqual(['5', '6'])
    expect(both(0)).toEqual(['stack', 'stack'])
  })

  it('of bpf_rdonly_cast and its like, by the type that they name', () => {
    const named = (kind: number) => ({ 0: { typeId: types.inner, kind } })
    const cast = (kind: number) =>
      kernel(declare(pointer.void, pointer.void, ints.u32), [op.set(2, 7)], 'bpf_rdonly_cast', named(kind))
    expect(given(cast(coreKind.localType), 0)).toEqual(['call@1(inner kernel)'])
    expect(given(cast(coreKind.targetType), 0)).toEqual(['call@1(inner kernel)'])
    expect(given(cast(coreKind.fieldOffset), 0)).toEqual(['call@1(memory kernel)'])
    expect(cast(coreKind.localType).of('view', 'follow')).toEqual([
      '1 view parameter 0(value) as inner (kernel cast)',
      '1 follow parameter 0(value) kernel (kernel cast)',
    ])
    const made = kernel(
      declare(pointer.void, ints.u64),
      [op.set(1, 7)],
      'bpf_obj_new_impl',
      named(coreKind.localType),
    )
    expect(given(made, 0)).toEqual(['call@1(inner kernel)'])
    expect(made.of('view', 'follow')).toEqual([])
    expect(given(kernel(declare(pointer.void, pointer.void), [], 'bpf_refcount_acquire_impl'), 0)).toEqual([
      'call@0(value)',
    ])
  })
})

describe('calls of what is not known', () => {
  const unknown = (call: Instruction, reference?: Reference, after = [op.move(6, 6)]) => {
    const before = [op.storeNumber(10, -8, 5), ...stack(7, -8), op.store(1, 0, 7)]
    const code = [...before, call, ...after, op.exit()]
    const refers = reference === undefined ? {} : { 4: reference }
    return observe(program(types, [{ code, refers, is: { typeId: main, binding: 'global' } }]))
  }

  test.each([
    ['a function that is not there', op.callFunction(), undefined, 'stack'],
    ['a kernel function that is not there', op.callKernel(), undefined, '5'],
    ['something else', op.helper(5), { kind: 'other' } as const, 'stack'],
    ['a helper that only the reference names', op.helper(77777), { kind: 'helper', helper: 5 } as const, '5'],
  ])('%s', (_, call, reference, top) => {
    const isHelper = reference?.kind === 'helper'
    expect(given(unknown(call, reference), 0)).toEqual([isHelper ? 'number' : 'call@4'])
    expect(unknown(call, reference).of('overwrite')).toHaveLength(isHelper ? 0 : 5)
    const left = given(unknown(call, reference, [op.load(0, 10, -8)]), 0).join()
    expect(left.replace(/@\d+/, '')).toBe(top)
  })
})
