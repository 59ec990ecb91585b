import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'
import { analyzeObject } from '../../../src/bpf/cast/analyze.js'
import { analyzeCode } from '../../../src/bpf/cast/analyze-code.js'
import type { Code, Reference } from '../../../src/bpf/cast/code/code.js'
import { describeFindings } from '../../../src/bpf/cast/findings.js'
import { ElfFile } from '../../../src/bpf/cast/object/elf.js'
import { readObjectCode } from '../../../src/bpf/cast/object/object-code.js'
import { readExtension } from '../../../src/btf/ext.js'
import { CryoscopeError } from '../../../src/errors.js'
import { Problems } from '../../../src/problems.js'
import { buildCases, objectOf } from './support.js'

const names = ['store-task', 'arena-list', 'loop-context', 'union'] as const
const objects = new Map<string, Uint8Array>()

beforeAll(async () => {
  await buildCases(names)
  for (const name of names) objects.set(name, new Uint8Array(readFileSync(objectOf(name))))
}, 60_000)

const bytesOf = (name: (typeof names)[number]): Uint8Array => objects.get(name) as Uint8Array

/** An answer, or a sentence of ours: nothing else, and it ends. */
function survives(work: () => unknown): void {
  try {
    work()
  } catch (error) {
    expect(error).toBeInstanceOf(CryoscopeError)
  }
}

const damage = fc.record({
  name: fc.constantFrom(...names),
  places: fc.array(fc.tuple(fc.nat(2 ** 16), fc.nat(255)), { minLength: 1, maxLength: 12 }),
  cut: fc.option(fc.nat(2 ** 14), { nil: undefined }),
})

describe('hostile files', () => {
  test('that are damaged anywhere give an answer or a sentence', () => {
    fc.assert(
      fc.property(damage, ({ name, places, cut }) => {
        const bytes = bytesOf(name).slice(0, cut)
        for (const [at, value] of places) if (bytes.length > 0) bytes[at % bytes.length] = value
        survives(() => analyzeObject(bytes, { name: 'hostile', cache: null }))
      }),
      { numRuns: 150 },
    )
  })

  test('whose ELF header or section table is damaged', () => {
    const places = fc.array(fc.tuple(fc.nat(2000), fc.nat(255)), { minLength: 1, maxLength: 20 })
    fc.assert(
      fc.property(fc.constantFrom(...names), places, (name, changes) => {
        const bytes = bytesOf(name).slice()
        const view = new DataView(bytes.buffer)
        const table = Number(view.getBigUint64(40, true))
        for (const [at, value] of changes) {
          const place = at < 64 ? at : table + (at - 64)
          if (place > 5 && place < bytes.length) bytes[place] = value
        }
        survives(() => analyzeObject(bytes, { name: 'hostile', cache: null }))
      }),
      { numRuns: 150 },
    )
  })

  test('with damaged BTF or BTF.ext', () => {
    const places = fc.array(fc.tuple(fc.nat(2 ** 14), fc.nat(255)), { minLength: 1, maxLength: 8 })
    fc.assert(
      fc.property(
        fc.constantFrom(...names),
        fc.constantFrom('.BTF', '.BTF.ext'),
        places,
        (name, part, changes) => {
          const bytes = bytesOf(name).slice()
          const section = ElfFile.parse(bytes, name).section(part)
          if (section === undefined) throw new Error(`${name} has no ${part}`)
          for (const [at, value] of changes) bytes[section.offset + (at % section.size)] = value
          survives(() => analyzeObject(bytes, { name: 'hostile', cache: null }))
        },
      ),
      { numRuns: 150 },
    )
  })

  test('that are anything at all', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 600 }), (bytes) => {
        survives(() => analyzeObject(bytes, { name: 'hostile', cache: null }))
        const header = Uint8Array.from([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, ...bytes])
        survives(() => analyzeObject(header, { name: 'hostile', cache: null }))
      }),
    )
  })
})

describe('hostile tables', () => {
  test('name their sections so that nothing acts on what shows them', () => {
    const { btf } = readObjectCode(bytesOf('arena-list'), 'arena-list')
    // The name of a section may be any string of the file: here a source line, which begins with a tab.
    let name = 1
    while (name < 100_000 && !btf.string(name).startsWith('\t')) name++
    const words = [32, 0, 0, 0, 12, 0, 0, 16, name, 5]
    const bytes = Buffer.from([0x9f, 0xeb, 1, 0, ...new Uint8Array(Uint32Array.from(words).buffer)])
    const problems = new Problems()
    readExtension(bytes, btf, problems)
    expect(problems.sentences).toHaveLength(1)
    expect(problems.sentences[0]).toMatch(/^\.BTF\.ext: the line table breaks off in section \\t\w/)
  })
})

describe('hostile instructions', () => {
  const opcodes = [0x07, 0x0f, 0x15, 0x18, 0x1d, 0x05, 0x06, 0x55, 0x61, 0x63, 0x67, 0x79, 0x7a, 0x7b]
  const more = [0x85, 0x95, 0xb7, 0xbc, 0xbf, 0xc3, 0xdb, 0x0c, 0xb9, 0xfb, 0x20, 0x40]
  const instruction = fc.tuple(
    fc.oneof(fc.constantFrom(...opcodes, ...more), fc.nat(255)),
    fc.nat(255),
    fc.integer({ min: -12, max: 24 }),
    fc.oneof(fc.integer({ min: -16, max: 210 }), fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 })),
  )

  /** Instructions of one or two functions, some with references, on the types of a real object. */
  const codes = fc
    .record({
      name: fc.constantFrom(...names),
      instructions: fc.array(instruction, { minLength: 1, maxLength: 60 }),
      split: fc.nat(59),
      references: fc.array(fc.tuple(fc.nat(59), fc.nat(7), fc.nat(200)), { maxLength: 12 }),
      binding: fc.constantFrom('entry' as const, 'global' as const, 'static' as const),
      loaded: fc.boolean(),
    })
    .map(({ name, instructions, split, references, binding, loaded }): Code => {
      const real = readObjectCode(bytesOf(name), name)
      const bytes = new Uint8Array(instructions.length * 8)
      const view = new DataView(bytes.buffer)
      for (const [n, [opcode, registers, offset, immediate]] of instructions.entries()) {
        view.setUint8(n * 8, opcode)
        view.setUint8(n * 8 + 1, registers)
        view.setInt16(n * 8 + 2, offset, true)
        view.setInt32(n * 8 + 4, immediate, true)
      }
      const count = instructions.length
      const middle = split % count
      const starts = middle === 0 ? [0] : [0, middle]
      const functionIds = [...real.btf.types('function')].map(({ id }) => id)
      return {
        ...real,
        instructions: bytes,
        functions: starts.map((start, n) => ({
          name: `f${n}`,
          start,
          end: starts[n + 1] ?? count,
          typeId: functionIds[(start + split) % functionIds.length],
          binding,
          isCallback: false,
          contextTypes: undefined,
        })),
        references: new Map(
          references.map(([at, kind, number]) => [at % count, reference(kind, number, real)]),
        ),
        core: new Map(),
        sections: [{ name: 'code', start: 0, lines: undefined }],
        addsInLowHalves: loaded,
      }
    })

  function reference(kind: number, number: number, { btf, data }: Code): Reference {
    const types = btf.typeCount
    switch (kind) {
      case 0:
        return { kind: 'map', definition: number % types }
      case 1:
        return { kind: 'function', index: number % 3 }
      case 2:
        return { kind: 'helper', helper: number }
      case 3:
        return { kind: 'kernel function', name: 'bpf_arena_alloc_pages', typeId: number % types }
      case 4:
        return { kind: 'section', section: number % Math.max(data.length, 1), offset: number }
      case 5:
        return { kind: 'variable', typeId: number % types }
      default:
        return { kind: 'other' }
    }
  }

  test('are analysed or refused, and it ends', () => {
    fc.assert(
      fc.property(codes, (code) => {
        const analysis = analyzeCode(code)
        const { findings } = describeFindings(code, analysis)
        if (analysis.incomplete !== undefined) expect(findings).toEqual([])
      }),
      { numRuns: 400 },
    )
  })
})
