import { describe, expect, it } from 'vitest'
import type { CodeFunction } from '../../../../src/bpf/cast/code/code.js'
import type { Liveness } from '../../../../src/bpf/cast/code/liveness.js'
import { keepsParameters, type Prototype, readPrototype } from '../../../../src/bpf/cast/code/prototypes.js'
import { TypeShapes } from '../../../../src/bpf/cast/code/type-shapes.js'
import { Btf } from '../../../../src/btf/btf.js'
import { BtfBuilder } from '../../../btf/builder.js'
import { integers } from '../../../value/types.js'

describe('the parameters of a function', () => {
  const called = (more: Partial<CodeFunction> = {}) =>
    ({ binding: 'static', isCallback: false, ...more }) as CodeFunction
  const declared = (count: number, hasMore = false): Prototype => ({
    parameters: Array.from({ length: count }, () => ({ kind: 'number' as const })),
    result: { kind: 'void' },
    hasMore,
  })
  /** Whether they are kept where these registers are read before they are written. */
  const keeps = (
    count: number,
    registers: readonly number[],
    more?: Partial<CodeFunction>,
    hasMore = false,
  ) =>
    keepsParameters(called(more), declared(count, hasMore), () => {
      return { atEntry: registers.reduce((bits, register) => bits | (1 << register), 0) } as Liveness
    })

  it('are those declared where each of their registers is read, and no other', () => {
    expect(keeps(2, [1, 2])).toBe(true)
    expect(keeps(5, [1, 2, 3, 4, 5])).toBe(true)
    for (const registers of [[], [1], [2], [1, 3], [1, 2, 3]]) expect(keeps(2, registers)).toBe(false)
    expect(keeps(1, [1])).toBe(true)
    expect(keeps(1, [])).toBe(false)
    expect(keeps(1, [1, 2])).toBe(false)
    // Others than those of parameters do not count.
    expect(keeps(2, [0, 1, 2, 6, 10])).toBe(true)
  })

  it('may be none, and are not known where they are more than registers hold', () => {
    expect(keeps(0, [])).toBe(true)
    expect(keeps(0, [1])).toBe(true)
    expect(keeps(5, [1, 2, 3, 4, 5], {}, true)).toBe(false)
  })

  it('are kept by whoever is called from elsewhere', () => {
    for (const more of [{ binding: 'global' }, { binding: 'entry' }, { isCallback: true }] as const)
      expect(keeps(2, [], more)).toBe(true)
  })
})

describe('a prototype', () => {
  const b = new BtfBuilder()
  const { u32, u64, s32 } = integers(b)
  const struct = b.struct('s', [{ name: 'x', type: u64 }])
  const of = (result: number, ...types: number[]) =>
    b.function(
      'f',
      b.prototype(
        result,
        types.map((type) => ({ name: 'p', type })),
      ),
    )
  const ids = {
    plain: of(0, b.pointer(struct), b.pointer(0), u64, u32, b.pointer(b.const(struct))),
    six: of(s32, u64, u64, u64, u64, u64, u64),
    byValue: of(0, struct),
    givesStruct: of(struct, u64),
    array: of(0, b.array(u64, 1)),
    wide: of(0, b.int('__int128', 16)),
    typedefs: of(0, b.pointer(b.typedef('s_t', b.const(b.typedef('t_t', struct))))),
    struct,
  }
  const types = new TypeShapes(Btf.parse(b.build()), [])
  const read = (id: number | undefined) => readPrototype(types, id)

  it('says of each parameter what it may be', () => {
    expect(read(ids.plain)).toEqual({
      parameters: [
        { kind: 'pointer', target: struct, isConstant: false },
        { kind: 'word', isPointer: true, isConstant: false },
        { kind: 'word', isPointer: false, isConstant: true },
        { kind: 'number' },
        { kind: 'pointer', target: struct, isConstant: true },
      ],
      result: { kind: 'void' },
      hasMore: false,
    })
    expect(read(ids.plain)).toBe(read(ids.plain))
    expect(read(ids.typedefs)?.parameters).toEqual([{ kind: 'pointer', target: struct, isConstant: true }])
  })

  it('has five parameters in registers', () => {
    expect(read(ids.six)).toMatchObject({ hasMore: true, result: { kind: 'number' } })
    expect(read(ids.six)?.parameters).toHaveLength(5)
  })

  it('is none where something takes more than a register, or is no function', () => {
    for (const id of [ids.byValue, ids.givesStruct, ids.array, ids.wide, ids.struct, undefined])
      expect(read(id)).toBeUndefined()
  })
})
