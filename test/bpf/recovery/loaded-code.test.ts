import { describe, expect, it } from 'vitest'
import { type LoadedCode, readLoadedCode } from '../../../src/bpf/recovery/loaded-code.js'
import { loadedPrograms } from '../../../src/bpf/recovery/loaded-programs.js'
import { CryoscopeError } from '../../../src/errors.js'
import { Problems } from '../../../src/problems.js'
import { BtfBuilder } from '../../btf/builder.js'
import { addBtf } from '../../support/bpf-objects.js'
import { KernelGuest } from '../../support/kernel-guest.js'
import { addCode, addTable, instruction } from '../../support/program-objects.js'
import { integers } from '../../value/types.js'

const exit = instruction(0x95)
const nop = instruction(0x05)
const tracing = 26
const structOps = 27
const wild = 0xffff800000001000n

/** An object of these functions, of which `number` take a number (and so are no programs). */
class World {
  readonly guest = new KernelGuest()
  readonly b = new BtfBuilder()
  readonly #prototypes: { program: number; number: number }
  readonly ids: Record<string, number> = {}
  #btf = 0n

  constructor() {
    this.guest.symbol('__bpf_call_base', this.guest.image(256), 'T')
    const { s32, u64 } = integers(this.b)
    this.#prototypes = {
      program: this.b.prototype(s32, [{ name: 'ctx', type: this.b.pointer(u64) }]),
      number: this.b.prototype(s32, [{ name: 'n', type: u64 }]),
    }
  }

  function(
    name: string,
    kind: 'program' | 'number' = 'program',
    linkage: 'global' | 'static' = 'global',
  ): this {
    this.ids[name] = this.b.function(name, this.#prototypes[kind], linkage)
    return this
  }

  get btf(): bigint {
    this.#btf ||= addBtf(this.guest, 3, this.b.build())
    return this.#btf
  }

  program(
    id: number,
    functions: readonly (readonly [start: number, name: string])[],
    code: Parameters<typeof addCode>[1],
    { type = tracing, lines = [], aux = {} }: { type?: number; lines?: readonly number[]; aux?: object } = {},
  ): this {
    const [file, text] = [this.b.string('a.bpf.c'), this.b.string('  x++;')]
    const info = functions.map(([insn_off, name]) => ({ insn_off, type_id: this.ids[name] ?? 0 }))
    const records = lines.map((insn_off) => ({
      insn_off,
      file_name_off: file,
      line_off: text,
      line_col: ((100 + insn_off) << 10) | 5,
    }))
    addCode(this.guest, code, {
      id,
      name: `prog_${id}`,
      program: { type },
      aux: {
        btf: this.btf,
        func_info: addTable(this.guest, 'bpf_func_info', info),
        func_info_cnt: info.length,
        linfo: addTable(this.guest, 'bpf_line_info', records),
        nr_linfo: records.length,
        ...aux,
      },
    })
    return this
  }

  read(of?: 'others') {
    const { btf } = this
    const kernel = this.guest.kernel()
    const types = of === 'others' ? kernel.types : kernel.btfObjects.types(btf)
    const found = readLoadedCode(kernel, types, loadedPrograms(kernel, new Problems()), [])
    return { found, types }
  }

  code(): LoadedCode['code'] {
    const { found } = this.read()
    if (typeof found === 'string' || found instanceof CryoscopeError) throw new Error(String(found))
    return found.code
  }
}

/** A call of a function of the program, as before 7.3. */
const call = (index: number, distance: number) =>
  instruction(0x85, { source: 1, immediate: index, offset: distance })
const callback = (index: number, distance: number) => [
  instruction(0x18, { destination: 2, source: 4, immediate: distance }),
  instruction(0, { immediate: index }),
]

describe('the code of loaded programs', () => {
  const two = () =>
    new World()
      .function('first')
      .function('second')
      .function('helper', 'number', 'static')
      .function('visit', 'number', 'static')
      .function('shared', 'number', 'global')

  it('has all functions of all programs, one behind the other', () => {
    const world = two()
      .program(
        7,
        [
          [0, 'first'],
          [2, 'helper'],
        ],
        [call(1, 1), exit, exit],
      )
      .program(
        8,
        [
          [0, 'second'],
          [5, 'visit'],
          [6, 'shared'],
        ],
        [...callback(1, 4), call(2, 3), nop, exit, exit, exit],
      )
    const code = world.code()
    const { functions, references, sections, instructions } = code
    expect(
      functions.map(({ name, start, end, binding, isCallback }) => [name, start, end, binding, isCallback]),
    ).toEqual([
      ['first', 0, 2, 'entry', false],
      ['helper', 2, 3, 'static', false],
      ['second', 3, 8, 'entry', false],
      ['visit', 8, 9, 'static', true],
      ['shared', 9, 10, 'global', false],
    ])
    expect(functions.map(({ typeId }) => typeId)).toEqual(
      ['first', 'helper', 'second', 'visit', 'shared'].map((name) => world.ids[name]),
    )
    expect(Object.fromEntries(references)).toEqual({
      0: { kind: 'function', index: 1 },
      3: { kind: 'function', index: 3 },
      5: { kind: 'function', index: 4 },
    })
    expect(sections.map(({ name, start }) => [name, start])).toEqual([
      ['prog_7', 0],
      ['prog_8', 3],
    ])
    expect(instructions).toHaveLength(80)
    // As a kernel has it: in its own byte order, whole, and with additions that the verifier has made 32 bits wide.
    expect(code).toMatchObject({
      littleEndian: true,
      addsInLowHalves: true,
      incomplete: undefined,
      problems: [],
    })
    expect([2, 9].map((at) => instructions[at * 8])).toEqual([0x95, 0x95])
    expect([0, 5].map((at) => instructions[at * 8])).toEqual([0x85, 0x85])
  })

  it('keeps references that are no functions', () => {
    const world = two()
      .program(7, [[0, 'first']], [exit])
      .program(8, [[0, 'second']], [instruction(0xf5), exit])
    expect(Object.fromEntries(world.code().references)).toEqual({ 1: { kind: 'helper', helper: 12 } })
  })

  it('does not know the parameters of two functions of one type: the compiler has cloned it', () => {
    const world = two()
      .program(
        7,
        [
          [0, 'first'],
          [1, 'helper'],
          [2, 'helper'],
          [3, 'visit'],
        ],
        [exit, exit, exit, exit],
      )
      .program(8, [[0, 'second']], [exit])
    expect(world.code().functions.map(({ typeId }) => typeId)).toEqual([
      world.ids.first,
      undefined,
      undefined,
      world.ids.visit,
      world.ids.second,
    ])
  })

  it('calls a function of no known type by the name of its program', () => {
    const world = new World().function('first').program(
      7,
      [
        [0, 'first'],
        [1, 'unknown'],
      ],
      [exit, exit],
    )
    expect(world.code().functions[1]).toMatchObject({ name: 'prog_7', typeId: undefined, binding: 'global' })
  })

  it('has of each instruction the line that begins at it or last before it, program by program', () => {
    const world = two()
      .program(7, [[0, 'first']], [nop, exit], { lines: [1] })
      .program(8, [[0, 'second']], [nop, nop, nop, exit], { lines: [0, 2] })
    const [first, second] = world.code().sections.map(({ lines }) => lines)
    expect(first?.lineOf(0)).toBeUndefined()
    expect(first?.lineOf(8)).toEqual({ file: 'a.bpf.c', line: 101, column: 5, text: 'x++;' })
    expect([0, 8, 16, 24].map((offset) => second?.lineOf(offset)?.line)).toEqual([100, 100, 102, 102])
  })

  it('has the types of the context of struct_ops programs, of their main functions alone', () => {
    const world = new World()
    const { guest } = world
    const { u64 } = integers(world.b)
    const task = world.b.pointer(world.b.struct('task_struct', [{ name: 'pid', type: u64 }]))
    const operation = world.b.pointer(world.b.prototype(0, [{ name: 'p', type: task }]))
    const ops = world.b.struct('my_ops', [{ name: 'enqueue', type: operation }])
    world.function('first').function('helper', 'number')
    // The module's BTF is the program's own here: what it was attached through.
    const module = addBtf(guest, 9, world.b.build())
    const aux = { attach_btf: module, attach_btf_id: ops }
    world.program(
      7,
      [
        [0, 'first'],
        [1, 'helper'],
      ],
      [exit, exit],
      { type: structOps, aux },
    )
    const { functions } = world.code()
    expect(functions.map(({ contextTypes }) => contextTypes)).toEqual([[task], undefined])
    const other = new World().function('first').program(7, [[0, 'first']], [exit], { aux })
    expect(other.code().functions[0]?.contextTypes).toBeUndefined()
  })

  it('gives the same text for the same programs, and another one for others', () => {
    const content = (code: Parameters<typeof addCode>[1], name = 'first', lines: readonly number[] = []) => {
      const { found } = new World()
        .function(name)
        .program(7, [[0, name]], code, { lines })
        .read()
      if (typeof found === 'string' || found instanceof CryoscopeError) throw new Error(String(found))
      return found.content
    }
    const one = content([nop, exit])
    expect(content([nop, exit])).toBe(one)
    expect(content([nop, nop, exit])).not.toBe(one)
    expect(content([nop, exit], 'other')).not.toBe(one)
    // Findings name lines.
    expect(content([nop, exit], 'first', [1])).not.toBe(one)
    const { btf, instructions, sections, sets } = JSON.parse(one) as Record<string, unknown>
    expect([btf, instructions]).toEqual([
      expect.stringMatching(/^[0-9a-f]{64}$/),
      expect.stringMatching(/^[0-9a-f]{64}$/),
    ])
    expect({ sections, sets }).toEqual({ sections: [['prog_7', 0]], sets: [[], [], []] })
  })
})

describe('why there is none', () => {
  it('is that no program has these types', () => {
    const { found } = new World()
      .function('first')
      .program(7, [[0, 'first']], [exit])
      .read('others')
    expect(found).toBe('no program with these types is loaded')
  })

  it('is that functions are not loaded that may be programs: three of them by name', () => {
    const without = (...names: string[]) => {
      const world = new World().function('first')
      for (const name of names) world.function(name)
      return world.program(7, [[0, 'first']], [exit]).read().found
    }
    const rest = "of the same object that ran before; give the object's file to recover pointers from that"
    expect(without('a')).toBe(`a is not loaded and may be a program ${rest}`)
    expect(without('a', 'b', 'c')).toBe(`a, b, c are not loaded and may be programs ${rest}`)
    expect(without('a', 'b', 'c', 'd')).toBe(`a, b, c and 1 more are not loaded and may be programs ${rest}`)
    expect(without('a', 'b', 'c', 'd', 'e')).toContain('a, b, c and 2 more are not')
  })

  it('is what one of them does that cannot be turned back, with its name', () => {
    const { found } = new World()
      .function('first')
      .program(7, [[0, 'first']], [instruction(0x0d), exit])
      .read()
    expect(found).toBe('program prog_7: instruction 0 jumps to where a register says')
  })

  it('is an error where it could not be read', () => {
    const { found } = new World()
      .function('first')
      .program(7, [[0, 'first']], [exit], { aux: { linfo: wild, nr_linfo: 1 } })
      .read()
    expect(found).toBeInstanceOf(CryoscopeError)
    expect(found).toMatchObject({
      code: 'unreadable',
      message: expect.stringContaining('program prog_7: lines'),
    })
  })

  it('is a sentence where the kernel lacks what is needed', () => {
    const world = new World().function('first').program(7, [[0, 'first']], [exit])
    world.guest.symbols.splice(
      0,
      world.guest.symbols.length,
      ...world.guest.symbols.filter(({ name }) => name !== '__bpf_call_base'),
    )
    expect(world.read().found).toContain('__bpf_call_base')
  })
})
