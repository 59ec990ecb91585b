import { readFileSync } from 'node:fs'
import { beforeAll, describe, expect, test } from 'vitest'
import { analyzeObject } from '../../../../src/bpf/cast/analyze.js'
import { type Code, coreKind } from '../../../../src/bpf/cast/code/code.js'
import { ElfFile } from '../../../../src/bpf/cast/object/elf.js'
import { readObjectCode } from '../../../../src/bpf/cast/object/object-code.js'
import { CryoscopeError } from '../../../../src/errors.js'
import { buildCases, objectOf } from '../support.js'

const names = [
  'core-read',
  'kernel-cast',
  'weak-kernel-function',
  'store-task',
  'subprogram',
  'global',
  'conflict-initial',
]

const bytesOf = (name: string): Uint8Array => new Uint8Array(readFileSync(objectOf(name)))
const codeOf = (name: string): Code => readObjectCode(bytesOf(name), name)

beforeAll(async () => {
  await buildCases(names)
}, 60_000)

describe('what an object file says', () => {
  test('of CO-RE: which instruction holds a fact about which type', () => {
    const { core, btf, instructions } = codeOf('core-read')
    const facts = [...core].map(([at, { kind, typeId }]) => ({ at, kind, type: btf.type(typeId).name }))
    expect(facts.length).toBeGreaterThan(0)
    expect(facts.every(({ kind }) => kind === coreKind.fieldOffset)).toBe(true)
    expect(facts.map(({ type }) => type)).toContain('task_struct')
    for (const { at } of facts) {
      const opcode = instructions[at * 8] as number
      // A load, a store, or a constant that is added.
      expect([0x61, 0x69, 0x71, 0x79, 0x7b, 0xb7, 0x07, 0x18]).toContain(opcode)
    }
    const casts = [...codeOf('kernel-cast').core.values()]
    expect(casts.some(({ kind }) => kind === coreKind.localType || kind === coreKind.targetType)).toBe(true)
  })

  test('of kernel functions: their names and types, weak ones too', () => {
    const { references, btf } = codeOf('weak-kernel-function')
    const called = [...references.values()].filter(({ kind }) => kind === 'kernel function')
    expect(called).toEqual([
      {
        kind: 'kernel function',
        name: 'bpf_task_from_vpid',
        typeId: btf.find('bpf_task_from_vpid', 'function')?.id,
      },
    ])
    // Whether it is there is asked by its address, which says nothing of what lies there.
    expect([...references.values()].filter(({ kind }) => kind === 'other')).toHaveLength(1)
  })

  test('wherever in a file it lies: initialised data at odd places too', () => {
    const { objects } = analyzeObject(bytesOf('conflict-initial'), { cache: null })
    expect(objects[0]?.withheld).toHaveLength(1)
    for (let shift = 1; shift < 8; shift++) {
      // As a file that is read is one: slices of it are no copies.
      const shifted = Buffer.concat([Buffer.alloc(shift), bytesOf('conflict-initial')]).subarray(shift)
      expect(analyzeObject(shifted, { cache: null }).objects).toEqual(objects)
    }
  })

  test('of its functions, sections and maps', () => {
    const { functions, sections, data, references } = codeOf('subprogram')
    expect(functions.some(({ binding }) => binding === 'static')).toBe(true)
    expect(functions.some(({ binding }) => binding === 'entry')).toBe(true)
    expect(functions.every(({ typeId }) => typeId !== undefined)).toBe(true)
    expect(sections.map(({ name }) => name)).toContain('.text')
    expect([...references.values()].map(({ kind }) => kind)).toEqual(
      expect.arrayContaining(['function', 'map']),
    )
    expect(data.map(({ name }) => name)).toContain('.bss')
    const global = codeOf('global')
    const bss = global.data.find(({ name }) => name === '.bss')
    // The compiler leaves offsets to relocations.
    const offsets = bss?.variables.map(({ offset }) => offset) ?? []
    expect(offsets).toEqual(offsets.toSorted((a, b) => a - b))
    expect(new Set(offsets).size).toBe(offsets.length)
  })
})

describe('an object whose BTF is no use', () => {
  const withSection = (name: string, change: (bytes: Uint8Array) => void): Uint8Array => {
    const bytes = bytesOf('store-task')
    const section = ElfFile.parse(bytes, 'store-task').section(name)
    if (section === undefined) throw new Error(`there is no ${name}`)
    change(bytes.subarray(section.offset, section.offset + section.size))
    return bytes
  }
  const messageOf = (bytes: Uint8Array): string => {
    try {
      analyzeObject(bytes, { name: 'object', cache: null })
    } catch (error) {
      if (error instanceof CryoscopeError) return error.message
      throw error
    }
    return ''
  }

  test('gives a sentence', () => {
    expect(messageOf(withSection('.BTF', (btf) => btf.fill(0)))).toMatch(/^BTF of object /)
    const unnamed = bytesOf('store-task')
    const at = Buffer.from(unnamed).indexOf('.BTF\0')
    unnamed[at + 1] = 0x58
    expect(messageOf(unnamed)).toBe('object has no .BTF section; compile it with -g')
  })

  test('proves nothing when a part of it is damaged, and says so', () => {
    const bytes = withSection('.BTF', (btf) => btf.fill(0xff, 24 + 120, 24 + 240))
    const [object] = analyzeObject(bytes, { name: 'object', cache: null }).objects
    expect(object?.findings).toEqual([])
    expect(object?.incomplete).toBe('its BTF is damaged')
    expect(object?.problems.join()).toMatch(/^BTF of object: type 8 at byte 116 /)
  })

  test('has no lines and function types without .BTF.ext, and says so', () => {
    const bytes = bytesOf('store-task')
    const at = Buffer.from(bytes).indexOf('.BTF.ext\0')
    bytes[at + 5] = 0x58
    const report = analyzeObject(bytes, { name: 'object', cache: null })
    expect(report.objects[0]?.problems).toEqual([
      '.BTF.ext: there is no such section, so there are no source lines and no types of functions',
    ])
  })
})
