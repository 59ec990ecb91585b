import { describe, expect, it, test } from 'vitest'
import type { CodeFunction, Reference } from '../../../../src/bpf/cast/code/code.js'
import { LivenessFinder } from '../../../../src/bpf/cast/code/liveness.js'
import { keepsParameters, readPrototype } from '../../../../src/bpf/cast/code/prototypes.js'
import { TypeShapes } from '../../../../src/bpf/cast/code/type-shapes.js'
import type { Instruction } from '../../../../src/bpf/programs/instruction.js'
import { instruction } from '../../../support/program-objects.js'
import { flowsOf, makeTypes, op, program } from '../flow/support.js'

const types = makeTypes()
const { b, ints, pointer } = types
const declare = (count: number, result = ints.s32): number =>
  b.function(
    'f',
    b.prototype(
      result,
      Array.from({ length: count }, () => ({ name: 'p', type: ints.u64 })),
    ),
    'global',
  )
const [three, six] = [declare(3), declare(6)]

type Function = Parameters<typeof program>[1][number]

function livenessOf(functions: readonly Function[]): LivenessFinder {
  const code = program(types, functions)
  const { instructions, flows } = flowsOf(code)
  return new LivenessFinder(
    instructions,
    code.functions,
    flows,
    code.references,
    new TypeShapes(code.btf, []),
  )
}

/** The registers that a function reads before it writes them. */
function reads(code: readonly Instruction[], refers: Function['refers'] = {}, ...others: Function[]): string {
  const { atEntry } = livenessOf([{ code: [...code, op.exit()], refers }, ...others]).of(0)
  return Array.from({ length: 11 }, (_, n) => n)
    .filter((n) => (atEntry & (1 << n)) !== 0)
    .join(' ')
}

describe('what is read before it is written', () => {
  test.each([
    ['nothing', [op.set(0, 0)], ''],
    ['what is moved', [op.move(6, 1)], '1'],
    ['what is added to', [op.add(1, 2)], '1 2'],
    ['what a number is added to', [op.addNumber(1, 2)], '1'],
    ['what is added to in 32 bits', [instruction(0x0c, { destination: 1, source: 2 })], '1 2'],
    ['what is turned around', [instruction(0xdc, { destination: 1, source: 0 })], '1'],
    ['what is turned around, by no other register', [instruction(0xdc, { destination: 1, source: 2 })], '1'],
    ['what is negated, by no other register', [instruction(0x8f, { destination: 1, source: 2 })], '1'],
    ['what is loaded from', [op.load(1, 2)], '2'],
    ['what is stored', [op.store(1, 0, 2)], '1 2'],
    ['where a number is stored', [op.storeNumber(1, 0, 2)], '1'],
    ['both of an atomic', [op.atomic(1, 0, 2, 0)], '1 2'],
    ['R0 of a comparison too', [op.atomic(1, 0, 2, 0xf1)], '0 1 2'],
    ['R0 of a comparison in the arena', [op.atomic(1, 0, 2, 0xf1, 0xfb)], '0 1 2'],
    ['no R0 of a store with that offset', [op.store(1, 0xf1, 2)], '1 2'],
    ['where an atomic loads from', [op.atomic(1, 0, 2, 0x100)], '2'],
    ['where an atomic stores', [op.atomic(1, 0, 2, 0x110)], '1 2'],
    ['what is compared', [op.jumpIfSame(1, 2, 0)], '1 2'],
    ['what a number is compared with', [op.jumpIf(1, 2, 0)], '1'],
    ['nothing of a jump', [op.jump(0)], ''],
    ['nothing of the jump that the verifier knows', [instruction(0xe5, { destination: 1 })], ''],
    ['nothing of a wide constant', [op.loadImmediate(1), op.half(), op.move(6, 1)], ''],
    [
      'no part of a wide constant',
      [op.loadImmediate(6), instruction(0x0f, { destination: 1, source: 2 })],
      '',
    ],
    ['what comes before a wide constant', [op.move(6, 1), op.loadImmediate(1), op.half()], '1'],
    ['what was written first', [op.set(1, 0), op.move(6, 1)], ''],
    ['what is written later', [op.move(6, 1), op.set(1, 0)], '1'],
    ['nothing behind a packet access', [instruction(0x30), op.move(6, 1)], ''],
    ['what stays behind a packet access', [instruction(0x30), op.move(6, 7)], '7'],
    ['what is read on one of two ways', [op.jumpIf(1, 0, 1), op.move(6, 2)], '1 2'],
    ['what is read around a loop', [op.move(7, 2), op.move(2, 3), op.jumpIf(1, 0, -3)], '1 2 3'],
    ['nothing before a call through a register', [instruction(0x8d), op.move(6, 7)], ''],
  ])('is %s', (_, code, expected) => {
    expect(reads(code)).toBe(expected)
  })

  it('is what calls take for certain', () => {
    const call = (reference: Reference | undefined, instruction = op.callFunction(), ...others: Function[]) =>
      reads([instruction], reference === undefined ? {} : { 0: reference }, ...others)
    expect(call(undefined, op.helper(2))).toBe('1 2 3 4')
    expect(call(undefined, op.helper(5))).toBe('')
    expect(call(undefined, op.helper(25))).toBe('1 2 3 4 5')
    expect(call({ kind: 'helper', helper: 1 }, op.helper(2))).toBe('1 2')
    expect(call({ kind: 'kernel function', name: 'f', typeId: three })).toBe('1 2 3')
    expect(call({ kind: 'kernel function', name: 'f', typeId: six })).toBe('1 2 3 4 5')
    expect(call({ kind: 'kernel function', name: 'f', typeId: 0 })).toBe('')
    expect(call({ kind: 'other' }, op.helper(2))).toBe('')
    expect(call(undefined, op.callFunction())).toBe('')
    expect(call(undefined, op.callKernel())).toBe('')
    // Of our own functions, what they read; of those that others call too, what they declare.
    const other = (is: Partial<CodeFunction>): Function => ({
      code: [op.move(0, 2), op.add(0, 6), op.exit()],
      is,
    })
    const to: Reference = { kind: 'function', index: 1 }
    expect(call(to, op.callFunction(), other({ binding: 'static', typeId: three }))).toBe('2')
    expect(call(to, op.callFunction(), other({ binding: 'global', typeId: three }))).toBe('1 2 3')
    expect(call(to, op.callFunction(), other({ binding: 'global' }))).toBe('2')
  })

  it('is not what a call leaves nothing of', () => {
    expect(reads([op.helper(5), op.move(6, 1), op.move(7, 5), op.move(8, 0)])).toBe('')
    expect(reads([op.helper(5), op.move(6, 7)])).toBe('7')
  })

  it('of what calls itself is what it reads besides', () => {
    expect(reads([op.jumpIf(2, 0, 1), op.callFunction()], { 1: { kind: 'function', index: 0 } })).toBe('2')
  })
})

test('results that are read are told from those that are not', () => {
  const code = [
    op.helper(5),
    op.move(6, 0),
    op.helper(5),
    op.jumpIf(6, 0, 1),
    op.move(7, 0),
    op.helper(7),
    op.exit(),
  ]
  expect([...livenessOf([{ code }]).of(0).usedResults].toSorted()).toEqual([0, 2])
  expect(livenessOf([{ code }]).of(7)).toEqual({ atEntry: 0, usedResults: new Set() })
})

describe('a declaration', () => {
  const made = (parameters: number[], result = ints.s32): number =>
    b.function(
      'g',
      b.prototype(
        result,
        parameters.map((type) => ({ name: 'p', type })),
      ),
      'static',
    )
  const all = {
    constants: made([pointer.constantInner, pointer.constantVoid, b.pointer(b.volatile(b.const(ints.u8)))]),
    kinds: made([pointer.inner, pointer.void, pointer.user, ints.u64, ints.u32], 0),
    typedefs: made([
      b.pointer(b.typedef('t', b.const(types.inner))),
      b.typedef('p', pointer.constantInner),
      b.pointer(pointer.constantInner),
    ]),
    struct: made([types.inner]),
    wide: made([ints.u128]),
    array: made([b.array(ints.u8, 4)]),
    union: made([], types.either),
    six,
  }
  const shapes = new TypeShapes(program(types, [{ code: [op.exit()] }]).btf, [])

  it('says of each parameter what it can be relied on for', () => {
    const constant = (id: number) => readPrototype(shapes, id)?.parameters
    const { inner } = types
    expect(constant(all.constants)).toEqual([
      { kind: 'pointer', target: inner, isConstant: true },
      { kind: 'word', isPointer: true, isConstant: true },
      { kind: 'pointer', target: ints.u8, isConstant: true },
    ])
    expect(readPrototype(shapes, all.kinds)).toEqual({
      parameters: [
        { kind: 'pointer', target: inner, isConstant: false },
        { kind: 'word', isPointer: true, isConstant: false },
        { kind: 'word', isPointer: true, isConstant: false },
        { kind: 'word', isPointer: false, isConstant: true },
        { kind: 'number' },
      ],
      result: { kind: 'void' },
      hasMore: false,
    })
    expect(constant(all.typedefs)?.map((one) => 'isConstant' in one && one.isConstant)).toEqual([
      true,
      true,
      false,
    ])
    expect(readPrototype(shapes, all.six)).toMatchObject({ hasMore: true, parameters: { length: 5 } })
    expect(readPrototype(shapes, all.six)).toBe(readPrototype(shapes, all.six))
  })

  it('is none where a value takes more than one register, or where it is no function', () => {
    const none = [all.struct, all.wide, all.array, all.union, ints.u64, 0, undefined]
    expect(none.map((id) => readPrototype(shapes, id))).toEqual(none.map(() => undefined))
  })

  it('holds where no parameter can have been dropped', () => {
    const called = (is: Partial<CodeFunction>) =>
      ({ binding: 'static', isCallback: false, ...is }) as CodeFunction
    const of = (id: number, atEntry: number, is: Partial<CodeFunction> = {}) => {
      const prototype = readPrototype(shapes, id)
      if (prototype === undefined) throw new Error('there is no prototype')
      return keepsParameters(called(is), prototype, () => ({ atEntry, usedResults: new Set() }))
    }
    const kept = all.constants
    expect(of(kept, 0b1110)).toBe(true)
    expect(of(kept, 0b1001111)).toBe(true)
    expect([0, 0b110, 0b1010, 0b11110].map((atEntry) => of(kept, atEntry))).toEqual(Array(4).fill(false))
    expect(of(kept, 0, { binding: 'global' })).toBe(true)
    expect(of(kept, 0, { isCallback: true })).toBe(true)
    expect(of(all.six, 0b111110)).toBe(false)
  })
})
