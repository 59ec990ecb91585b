import { describe, expect, it } from 'vitest'
import type { Reference } from '../../../src/bpf/cast/code/code.js'
import type { Instruction } from '../../../src/bpf/programs/instruction.js'
import type { Called } from '../../../src/bpf/recovery/called.js'
import { loadedPrograms } from '../../../src/bpf/recovery/loaded-programs.js'
import { NotRestorable, restoreProgram } from '../../../src/bpf/recovery/program-code.js'
import { CryoscopeError } from '../../../src/errors.js'
import { Problems } from '../../../src/problems.js'
import { BtfBuilder } from '../../btf/builder.js'
import { addBtf } from '../../support/bpf-objects.js'
import { KernelGuest } from '../../support/kernel-guest.js'
import type { MemberValues } from '../../support/object-writer.js'
import { addCode, addTable, addText, instruction } from '../../support/program-objects.js'

const exit = instruction(0x95)
const nop = instruction(0x05)
const hashLookup = 900
/** Calls are known by their immediates; addresses by what a test says. */
const called = {
  helper: (immediate: number): Reference => ({ kind: 'helper', helper: immediate }),
  kernelFunction: (immediate: number): Reference => ({
    kind: 'kernel function',
    name: `k${immediate}`,
    typeId: 0,
  }),
  isHashLookup: (immediate: number) => immediate === hashLookup,
} as unknown as Called
const map: Reference = { kind: 'map', definition: 5 }

/** A loaded program whose functions start at these instructions, turned back. */
function restore(
  code: readonly Instruction[],
  {
    starts = [0],
    meanings = new Map(),
    aux = {},
  }: {
    starts?: readonly number[]
    meanings?: ReadonlyMap<bigint, Reference>
    aux?: MemberValues
  } = {},
) {
  const guest = new KernelGuest()
  const b = new BtfBuilder()
  const prototype = b.prototype(0)
  const info = starts.map((insn_off, n) => ({ insn_off, type_id: b.function(`f${n}`, prototype) }))
  const line = { insn_off: 0, file_name_off: b.string('a.c'), line_off: b.string('x'), line_col: 7 << 10 }
  addCode(guest, code, {
    name: 'one',
    aux: {
      btf: addBtf(guest, 3, b.build()),
      func_info: addTable(guest, 'bpf_func_info', info),
      func_info_cnt: info.length,
      linfo: addTable(guest, 'bpf_line_info', [line]),
      nr_linfo: 1,
      ...aux,
    },
  })
  addText(guest, '')
  const kernel = guest.kernel()
  const [program] = loadedPrograms(kernel, new Problems())
  if (program === undefined) throw new Error('the program is not there')
  const found = restoreProgram(kernel, program, called, (address) => meanings.get(address))
  return { ...found, references: Object.fromEntries(found.references) }
}

const load = (value: bigint, source = 0): Instruction[] => [
  instruction(0x18, { destination: 2, source, immediate: Number(BigInt.asIntN(32, value)) }),
  instruction(0, { immediate: Number(BigInt.asIntN(32, value >> 32n)) }),
]
const emptied = [instruction(0x18, { destination: 2 }), instruction(0)]

describe('a loaded program, turned back', () => {
  it('has its functions and lines, and instructions of no meaning beyond their bits as they are', () => {
    const code = [
      instruction(0xb7, { destination: 1, immediate: -3 }),
      instruction(0x55, { offset: -1 }),
      exit,
    ]
    const found = restore(code)
    expect(found.instructions).toEqual(code)
    expect(found.references).toEqual({})
    expect(found.functions.map(({ start, name }) => [start, name])).toEqual([[0, 'f0']])
    expect(found.lines.map(({ instruction: at, line, text }) => [at, line, text])).toEqual([[0, 7, 'x']])
  })

  it('calls helpers and kernel functions by what they are, not by where they lie', () => {
    const found = restore([
      instruction(0x85, { immediate: 64 }),
      instruction(0x85, { source: 2, immediate: 65 }),
      instruction(0xe5, { immediate: 66 }),
      instruction(0xf5, { source: 3, immediate: 67 }),
      exit,
    ])
    const call = (source: number) => instruction(0x85, { source })
    expect(found.instructions).toEqual([call(0), call(2), call(0), call(0), exit])
    expect(found.references).toEqual({
      0: { kind: 'helper', helper: 64 },
      1: { kind: 'kernel function', name: 'k65', typeId: 0 },
      2: { kind: 'helper', helper: 66 },
      // bpf_tail_call.
      3: { kind: 'helper', helper: 12 },
    })
  })

  it('does not stop speculation: BPF_ST | BPF_NOSPEC does nothing else', () => {
    expect(restore([instruction(0xc2, { destination: 3 }), exit]).instructions).toEqual([nop, exit])
  })

  it.each([0x0d, 0x0e])('cannot jump to where a register says (%d)', (code) => {
    expect(() => restore([exit, instruction(code)])).toThrow(
      new NotRestorable('instruction 1 jumps to where a register says'),
    )
  })
})

describe('an immediate of 64 bits', () => {
  it('is what its address means, and something unknown where it may be an address', () => {
    const address = 0xffffc90000001000n
    const found = restore([...load(address), ...load(address + 8n), exit], {
      meanings: new Map([[address, map]]),
    })
    expect(found.instructions).toEqual([...emptied, ...emptied, exit])
    expect(found.references).toEqual({ 0: map, 2: { kind: 'other' } })
  })

  it('is a number below all addresses, unless it is known to mean something', () => {
    const [below, lowest] = [2n ** 44n - 1n, 2n ** 44n]
    const found = restore([...load(below), ...load(lowest), ...load(5n), exit], {
      meanings: new Map([[5n, map]]),
    })
    expect(found.instructions).toEqual([...load(below), ...emptied, ...emptied, exit])
    expect(found.references).toEqual({ 2: { kind: 'other' }, 4: map })
  })

  it('is something else where its source register says so', () => {
    const found = restore([...load(5n, 3), exit], { meanings: new Map([[5n, map]]) })
    expect(found.references).toEqual({ 0: { kind: 'other' } })
    expect(found.instructions).toEqual([...emptied, exit])
  })

  it('may be a function, by its distance, with its number or none beside it', () => {
    const callback = (distance: number, number: number): Instruction[] => [
      instruction(0x18, { destination: 2, source: 4, immediate: distance }),
      instruction(0, { immediate: number }),
    ]
    const starts = [0, 5, 6]
    const code = (distance: number, number: number) => [
      ...callback(distance, number),
      nop,
      nop,
      exit,
      exit,
      exit,
    ]
    for (const [distance, number, index] of [
      [4, 1, 1],
      [5, 0, 2],
      [5, 2, 2],
    ] as const) {
      const found = restore(code(distance, number), { starts })
      expect(found.references).toEqual({ 0: { kind: 'function', index } })
      expect(found.instructions.slice(0, 2)).toEqual(emptied)
    }
    for (const [distance, number] of [
      [4, 2],
      [3, 1],
    ] as const) {
      expect(() => restore(code(distance, number), { starts })).toThrow(
        'it is not known which function instruction 0 means',
      )
    }
  })
})

describe('a call of a function of the program', () => {
  const starts = [0, 3, 5]
  const code = (call: Partial<Instruction>, opcode = 0x85): Instruction[] => [
    nop,
    instruction(opcode, { source: 1, ...call }),
    exit,
    nop,
    exit,
    exit,
  ]
  const calledFrom = (call: Partial<Instruction>, opcode?: number) => {
    const { references, instructions } = restore(code(call, opcode), { starts })
    expect(instructions[1]).toEqual(instruction(0x85, { source: 1 }))
    return references
  }
  const third = { 1: { kind: 'function', index: 2 } }

  it('holds number and distance, since 7.3 the other way round', () => {
    expect(calledFrom({ immediate: 2, offset: 3 })).toEqual(third)
    expect(calledFrom({ immediate: 3, offset: 2 })).toEqual(third)
    // Number and distance are equal: it is the same function either way.
    expect(calledFrom({ immediate: 1, offset: 1 })).toEqual({ 1: { kind: 'function', index: 1 } })
    // Itself.
    expect(calledFrom({ immediate: 0, offset: -2 })).toEqual({ 1: { kind: 'function', index: 0 } })
  })

  it('holds the distance alone where it is interpreted', () => {
    expect(calledFrom({ immediate: 3 }, 0xe5)).toEqual(third)
    expect(() => calledFrom({ immediate: 2, offset: 3 }, 0xe5)).toThrow(NotRestorable)
  })

  it('means nothing where neither fits', () => {
    for (const call of [
      { immediate: 2, offset: 2 },
      { immediate: 3, offset: 3 },
      { immediate: 7, offset: 0 },
    ])
      expect(() => calledFrom(call)).toThrow('it is not known which function instruction 1 calls')
  })

  it('may be farther away than its 16 bits of distance tell', () => {
    const far = [
      instruction(0x85, { source: 1, immediate: 1, offset: 70_000 - 65_536 }),
      ...Array.from({ length: 70_000 }, () => nop),
      exit,
    ]
    expect(restore(far, { starts: [0, 70_001] }).references).toEqual({ 0: { kind: 'function', index: 1 } })
  })
})

describe('a lookup that the verifier has inlined', () => {
  /** As array_map_gen_lookup writes it; seven instructions. */
  const lookup = [
    instruction(0x07, { destination: 1, immediate: 248 }),
    instruction(0x61, { destination: 0, source: 2 }),
    instruction(0x35, { destination: 0, immediate: 64, offset: 3 }),
    instruction(0x67, { destination: 0, immediate: 4 }),
    instruction(0x0f, { destination: 0, source: 1 }),
    instruction(0x05, { offset: 1 }),
    instruction(0xb7, { destination: 0 }),
  ]
  const asCall = [instruction(0x85), ...lookup.slice(1).map(() => nop)]
  const helper = { kind: 'helper', helper: 1 }

  it('is a call again, and as long', () => {
    const found = restore([nop, ...lookup, exit])
    expect(found.instructions).toEqual([nop, ...asCall, exit])
    expect(found.references).toEqual({ 1: helper })
  })

  it('in a hash begins with the call of the hash table’s own', () => {
    const hash = (immediate: number, source = 0) => [
      instruction(0x85, { immediate, source }),
      instruction(0x15, { offset: 1 }),
      instruction(0x07, { destination: 0, immediate: 56 }),
      exit,
    ]
    expect(restore(hash(hashLookup)).instructions).toEqual([instruction(0x85), nop, nop, exit])
    expect(restore(hash(hashLookup)).references).toEqual({ 0: helper })
    // Of another function it is code of the program's own.
    expect(restore(hash(901)).instructions.slice(1)).toEqual(hash(901).slice(1))
    expect(restore(hash(hashLookup, 2)).references).toEqual({
      0: { kind: 'kernel function', name: `k${hashLookup}`, typeId: 0 },
    })
  })

  /** The lookup at 2, behind a jump to an instruction. */
  const jumpTo = (target: number, code = 0x15) => {
    const jump = code === 0x06 ? { immediate: target - 1, offset: 7 } : { offset: target - 1 }
    return restore([instruction(code, jump), nop, ...lookup, exit]).references
  }

  it('may be jumped to and over, and not into', () => {
    for (const target of [2, 9]) expect(jumpTo(target)).toEqual({ 2: helper })
    for (const target of [3, 5, 8]) expect(jumpTo(target)).toEqual({})
  })

  it('is jumped into by jumps of 32 bits and far ones as well', () => {
    for (const code of [0x16, 0x06]) {
      expect(jumpTo(9, code)).toEqual({ 2: helper })
      expect(jumpTo(8, code)).toEqual({})
    }
    // What is no jump leads nowhere.
    expect(jumpTo(8, 0x61)).toEqual({ 2: helper })
  })

  it('is jumped into from behind it as well, and by one of several jumps', () => {
    const back = instruction(0x15, { offset: -3 })
    expect(restore([...lookup, nop, back, exit]).references).toEqual({})
    // Its own jump to its end and one from outside.
    const outside = instruction(0x15, { offset: 6 })
    expect(restore([outside, ...lookup, exit]).references).toEqual({})
  })

  it('lies in one function', () => {
    expect(restore([nop, ...lookup, exit], { starts: [0, 1] }).references).toEqual({ 1: helper })
    expect(restore([nop, ...lookup, exit], { starts: [0, 8] }).references).toEqual({ 1: helper })
    expect(restore([nop, ...lookup, exit], { starts: [0, 7] }).references).toEqual({})
  })
})

describe('a program that cannot be turned back', () => {
  it.each([
    [[], 'it has no function info'],
    [[1], 'it has no function info'],
    [[0, 2, 1], 'its functions are not in order'],
    [[0, 1, 1], 'its functions are not in order'],
  ])('has functions at %j: %s', (starts, why) => {
    expect(() => restore([exit, exit, exit], { starts })).toThrow(new NotRestorable(why))
  })

  it('is told from one that could not be read', () => {
    let thrown: unknown
    try {
      restore([exit], { aux: { linfo: 0xffff800000001000n } })
    } catch (error) {
      thrown = error
    }
    expect(thrown).toBeInstanceOf(CryoscopeError)
    expect(thrown).toMatchObject({
      code: 'unreadable',
      message: expect.stringMatching(/^program one: lines: .+/),
    })
  })
})
