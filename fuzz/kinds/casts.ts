import { readFileSync } from 'node:fs'
import { analyzeObject } from '../../src/bpf/cast/analyze.js'
import { ElfFile } from '../../src/bpf/cast/object/elf.js'
import { buildCases, objectOf } from '../../test/bpf/cast/support.js'
import { allowed, checkSentences } from '../check.js'
import { damageFile, type FileBase, type Span } from '../damage.js'
import { applied } from '../input.js'
import { type Kind, Skipped } from '../kind.js'

const cases = ['store-task', 'arena-list', 'loop-context', 'union', 'arena-array', 'allocator-wrapper']
const parts = ['.BTF', '.BTF.ext', '.symtab', '.strtab', '.maps', '.relstruct_ops/cast', '.rel.BTF.ext']

/** Compiled BPF objects, damaged in their ELF structure, BTF, BTF.ext, relocations and code. */
export const castKind: Kind = {
  name: 'casts',
  room: 'bpf',
  async prepare() {
    try {
      await buildCases(cases)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
      throw new Skipped('there is no clang here that compiles BPF objects')
    }
    const bases = cases.map((name): FileBase => {
      const bytes = new Uint8Array(readFileSync(objectOf(name)))
      return { name, bytes, structure: structureOf(bytes, name), magic: 7 }
    })
    return {
      bases: cases,
      damage: (random) => damageFile(random, bases),
      read(input) {
        const bytes = applied((bases[input.base] as FileBase).bytes, input)
        allowed(() => {
          const report = analyzeObject(bytes, { name: 'hostile', cache: null })
          checkSentences(report.problems)
          for (const object of report.objects) checkSentences(object.problems)
          JSON.stringify(report)
        })
      },
    }
  },
}

function structureOf(bytes: Uint8Array, name: string): Span[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const table = Number(view.getBigUint64(40, true))
  const file = ElfFile.parse(bytes, name)
  const spans = [
    { start: 7, end: 64 },
    { start: table, end: bytes.length },
    { start: table, end: bytes.length },
  ]
  for (const part of parts) {
    const section = file.section(part)
    if (section !== undefined && section.size > 0)
      spans.push({ start: section.offset, end: section.offset + section.size })
  }
  const types = file.section('.BTF')
  if (types !== undefined) spans.push({ start: types.offset, end: types.offset + 24 })
  return spans
}
