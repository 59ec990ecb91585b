import { Btf } from '../../../btf/btf.js'
import { type CoreRelocation, type Extension, readExtension } from '../../../btf/ext.js'
import { CryoscopeError } from '../../../errors.js'
import { Problems } from '../../../problems.js'
import { escapeText } from '../../../text.js'
import type { Code, CodeFunction, CodeSection, Reference } from '../code/code.js'
import { loadImmediateOpcode } from '../code/instructions.js'
import { readDataSections, relocatedBtf } from './data-sections.js'
import {
  ElfFile,
  type ElfSection,
  type ElfSymbol,
  sectionFlag,
  sectionType,
  symbolBinding,
  symbolType,
} from './elf.js'
import { readReferences } from './relocations.js'
import { structOpsContexts } from './struct-ops.js'

/** A code section and where it begins among the instructions of the object. */
export interface TextSection {
  readonly section: ElfSection
  /** Index of its first instruction. */
  readonly start: number
  readonly count: number
}

/** Functions called from elsewhere in the object live here, programs in sections of their own. */
const subprogramSection = '.text'
const instructionSize = 8

/**
 * A BPF object file as the analysis takes it. Throws 'unreadable' when it is no ELF file, and 'not-found' when it
 * has no BTF, without which there are no types to speak of.
 */
export function readObjectCode(bytes: Uint8Array, name: string): Code {
  const file = ElfFile.parse(bytes, name)
  const btfSection = file.section('.BTF')
  if (btfSection === undefined) {
    throw new CryoscopeError('not-found', `${escapeText(name)} has no .BTF section; compile it with -g`)
  }
  const btf = Btf.parse(relocatedBtf(file, btfSection), { name })
  const problems = new Problems()
  problems.addAll(btf.problems.list)
  const { texts, instructions, incomplete } = collectText(file)
  const extensionSection = file.section('.BTF.ext')
  const extension = extensionSection && readExtension(extensionSection.data, btf, problems)
  if (extension === undefined) {
    problems.add(
      '.BTF.ext',
      'there is no such section, so there are no source lines and no types of functions',
    )
  }
  const starts = functionStarts(file, btf, texts, extension)
  const data = readDataSections(file, btf)
  const { references, lost } = readReferences(file, btf, texts, instructions, starts, data)
  return {
    name,
    btf,
    instructions,
    littleEndian: file.littleEndian,
    functions: describeFunctions(starts, instructions, references, structOpsContexts(file, btf)),
    references,
    core: coreRelocations(extension, texts),
    data,
    sections: texts.map(
      ({ section, start }): CodeSection => ({
        name: section.name,
        start,
        lines: extension?.lines.get(section.name),
      }),
    ),
    problems: problems.sentences,
    incomplete:
      incomplete ??
      (file.lacking && `${file.lacking} is cut off`) ??
      lost ??
      (!btf.problems.none ? 'its BTF is damaged' : undefined),
  }
}

function collectText(file: ElfFile): {
  texts: TextSection[]
  instructions: Uint8Array
  incomplete: string | undefined
} {
  const texts: TextSection[] = []
  let incomplete: string | undefined
  let start = 0
  for (const section of file.sections) {
    if (section.type !== sectionType.programBits || (section.flags & sectionFlag.executable) === 0) continue
    if (section.data.length !== section.size || section.size % instructionSize !== 0) {
      incomplete ??= `section ${escapeText(section.name)} holds no whole number of instructions`
      continue
    }
    const count = section.size / instructionSize
    texts.push({ section, start, count })
    start += count
  }
  const instructions = new Uint8Array(start * instructionSize)
  for (const text of texts) instructions.set(text.section.data, text.start * instructionSize)
  return { texts, instructions, incomplete }
}

function coreRelocations(
  extension: Extension | undefined,
  texts: readonly TextSection[],
): Map<number, CoreRelocation> {
  const found = new Map<number, CoreRelocation>()
  for (const { section, start, count } of texts) {
    for (const [offset, relocation] of extension?.core.get(section.name) ?? []) {
      const index = offset / instructionSize
      if (Number.isInteger(index) && index < count) found.set(start + index, relocation)
    }
  }
  return found
}

/** Where a function starts, before it is known what refers to it. */
export interface FunctionStart {
  readonly name: string
  readonly at: number
  readonly end: number
  readonly typeId: number | undefined
  readonly binding: CodeFunction['binding']
  /** Index of its ELF section and byte offset there. */
  readonly place: string
}

function functionStarts(
  file: ElfFile,
  btf: Btf,
  texts: readonly TextSection[],
  extension: Extension | undefined,
): FunctionStart[] {
  const found: FunctionStart[] = []
  const symbolsOf = new Map<number, Map<number, ElfSymbol>>()
  for (const symbol of file.symbols) {
    if (symbol.type !== symbolType.function) continue
    const known = symbolsOf.get(symbol.section)
    if (known === undefined) symbolsOf.set(symbol.section, new Map([[symbol.value, symbol]]))
    else known.set(symbol.value, symbol)
  }
  for (const { section, start, count } of texts) {
    const types = extension?.functions.get(section.name)
    const symbols = symbolsOf.get(section.index)
    const offsets = [...new Set([0, ...(types?.keys() ?? []), ...(symbols?.keys() ?? [])])]
      .filter((offset) => offset % instructionSize === 0 && offset / instructionSize < count)
      .toSorted((a, b) => a - b)
    for (const [n, offset] of offsets.entries()) {
      const typeId = types?.get(offset)
      const type = typeId === undefined ? undefined : btf.type(typeId)
      const symbol = symbols?.get(offset)
      const isLocal = symbol === undefined || symbol.binding === symbolBinding.local
      found.push({
        name: symbol?.name ?? type?.name ?? section.name,
        at: start + offset / instructionSize,
        end: start + (offsets[n + 1] ?? count * instructionSize) / instructionSize,
        // A clone that the compiler has made has another name, and may have other parameters.
        typeId: type?.kind === 'function' && type.name === (symbol?.name ?? type.name) ? type.id : undefined,
        binding: isLocal ? 'static' : section.name === subprogramSection ? 'global' : 'entry',
        place: `${section.index}:${offset}`,
      })
    }
  }
  return found
}

function describeFunctions(
  starts: readonly FunctionStart[],
  instructions: Uint8Array,
  references: ReadonlyMap<number, Reference>,
  contexts: ReadonlyMap<string, readonly (number | undefined)[]>,
): CodeFunction[] {
  const callbacks = new Set<number>()
  for (const [at, reference] of references) {
    const isAddress = instructions[at * instructionSize] === loadImmediateOpcode
    if (reference.kind === 'function' && isAddress) callbacks.add(reference.index)
  }
  return starts.map(({ name, at, end, typeId, binding, place }, index) => ({
    name,
    start: at,
    end,
    typeId,
    binding,
    isCallback: callbacks.has(index),
    contextTypes: contexts.get(place),
  }))
}
