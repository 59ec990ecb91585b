import { describe, expect, it, test } from 'vitest'
import {
  mapDefinition,
  readDataSections,
  relocatedBtf,
} from '../../../../src/bpf/cast/object/data-sections.js'
import { ElfFile, type ElfSection } from '../../../../src/bpf/cast/object/elf.js'
import { Btf } from '../../../../src/btf/btf.js'
import { BtfBuilder } from '../../../btf/builder.js'
import { elfObject, relocations } from '../../../support/elf-object.js'
import { integers } from '../../../value/types.js'

describe.each([false, true])('types of an object with bigEndian %s', (bigEndian) => {
  const addWord = 4
  const words = (bytes: Uint8Array): number[] => {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
    return [0, 4, 8].map((at) => view.getUint32(at, !bigEndian))
  }

  /** Words 1, 2 and 3. */
  function relocated(
    entries: readonly (readonly [offset: number, symbol: number, type: number])[],
    { type = 9, info = 1 } = {},
  ): number[] {
    const data = Buffer.alloc(12)
    const view = new DataView(data.buffer, data.byteOffset)
    for (const n of [0, 1, 2]) view.setUint32(n * 4, n + 1, !bigEndian)
    const bytes = elfObject({
      bigEndian,
      sections: [
        { name: '.BTF', data },
        { name: '.rel.BTF', type, info, data: relocations(entries, bigEndian) },
      ],
      symbols: [{ name: 'v', section: 3, value: 0x100 }],
    })
    const before = Buffer.from(bytes)
    const file = ElfFile.parse(bytes, 'file')
    const found = relocatedBtf(file, file.section('.BTF') as ElfSection)
    expect(bytes).toEqual(before)
    expect(found).toHaveLength(12)
    return words(found)
  }

  it('have the values of symbols added where relocations say so', () => {
    expect(relocated([])).toEqual([1, 2, 3])
    expect(relocated([[4, 1, addWord]])).toEqual([1, 0x102, 3])
    expect(
      relocated([
        [0, 1, addWord],
        [8, 1, addWord],
      ]),
    ).toEqual([0x101, 2, 0x103])
  })

  test.each([
    ['of another kind', [4, 1, 3] as const, {}],
    ['by a symbol that is not there', [4, 9, addWord] as const, {}],
    ['over the end', [9, 1, addWord] as const, {}],
    ['of another section', [4, 1, addWord] as const, { info: 2 }],
    ['in no table of relocations', [4, 1, addWord] as const, { type: 1 }],
  ])('have nothing added by relocations %s', (_, entry, table) => {
    expect(relocated([entry], table)).toEqual([1, 2, 3])
  })
})

describe('the variables of a section', () => {
  function sections(size: number) {
    const b = new BtfBuilder()
    const { u64, u32 } = integers(b)
    const variable = (name: string, type = u64) => b.variable(name, type)
    b.section(
      '.data',
      [
        { type: variable('late'), offset: 0, size: 8 },
        { type: variable('placed'), offset: 16, size: 8 },
        { type: variable('nowhere', u32), offset: 0, size: 0 },
        { type: variable('elsewhere'), offset: 0, size: 8 },
        { type: variable('code'), offset: 0, size: 8 },
      ],
      size,
    )
    for (const name of [
      '.maps',
      '.ksyms',
      '.kconfig',
      'license',
      'version',
      '.struct_ops',
      '.struct_ops.link',
    ])
      b.section(name, [])
    const bytes = elfObject({
      sections: [{ name: '.data', data: Uint8Array.of(7, 8) }, { name: '.other' }],
      symbols: [
        { name: 'elsewhere', section: 2, value: 48, type: 1 },
        { name: 'code', section: 1, value: 56, type: 2 },
        { name: 'late', section: 1, value: 32, type: 1 },
        { name: 'placed', section: 1, value: 40, type: 1 },
      ],
    })
    return readDataSections(ElfFile.parse(bytes, 'file'), Btf.parse(b.build()))
  }

  it('lie where their symbols say, if the types leave that open', () => {
    const [data, ...others] = sections(0)
    expect(others).toEqual([])
    expect(data?.variables.map(({ name, offset, size }) => [name, offset, size])).toEqual([
      ['nowhere', 0, 4],
      ['elsewhere', 0, 8],
      ['code', 0, 8],
      ['placed', 16, 8],
      ['late', 32, 8],
    ])
    expect(data).toMatchObject({ name: '.data', isArena: false })
    expect([...(data?.initial ?? [])]).toEqual([7, 8])
  })

  it('lie where the types say, if they do', () => {
    expect(sections(24)[0]?.variables.map(({ name, offset }) => [name, offset])).toEqual([
      ['late', 0],
      ['nowhere', 0],
      ['elsewhere', 0],
      ['code', 0],
      ['placed', 16],
    ])
  })

  it('that are maps are declared by structs', () => {
    const b = new BtfBuilder()
    const { u64 } = integers(b)
    const map = b.struct('', [{ name: 'type', type: b.pointer(u64) }])
    const btf = Btf.parse(b.build())
    const at = (offset: number, typeId: number, size = 8) => ({ name: 'm', offset, typeId, size })
    const variables = [at(0, u64), at(8, map)]
    expect([0, 4, 8, 16].map((offset) => mapDefinition(btf, variables, offset))).toEqual([0, 0, map, 0])
  })
})
