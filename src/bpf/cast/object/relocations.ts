import type { Btf } from '../../../btf/btf.js'
import { escapeText } from '../../../text.js'
import type { DataSection, DataVariable, Reference } from '../code/code.js'
import { callOpcode, loadImmediateOpcode, pseudoCall } from '../code/instructions.js'
import { mapDefinition, sectionVariables } from './data-sections.js'
import {
  type ElfFile,
  type ElfSymbol,
  firstReservedSection,
  sectionType,
  symbolType,
  undefinedSection,
} from './elf.js'
import type { FunctionStart, TextSection } from './object-code.js'

/** What relocations need to look things up. */
interface Context {
  readonly file: ElfFile
  readonly btf: Btf
  /** By index of the section. */
  readonly texts: ReadonlyMap<number, TextSection>
  /** Index of a function by the index of its first instruction. */
  readonly functionsAt: ReadonlyMap<number, number>
  readonly maps: readonly DataVariable[]
  /** Index among the data sections by name. */
  readonly dataSections: ReadonlyMap<string, number>
}

/**
 * What the instructions of an object refer to: relocations (Documentation/bpf/llvm_reloc.rst) as libbpf resolves
 * them, and calls within a section, which need none. `lost` says why a call leads nowhere.
 */
export function readReferences(
  file: ElfFile,
  btf: Btf,
  texts: readonly TextSection[],
  instructions: Uint8Array,
  starts: readonly FunctionStart[],
  data: readonly DataSection[],
): { references: Map<number, Reference>; lost: string | undefined } {
  const view = new DataView(instructions.buffer, instructions.byteOffset, instructions.length)
  const mapsType = btf.find('.maps', 'section')
  const context: Context = {
    file,
    btf,
    texts: new Map(texts.map((text) => [text.section.index, text])),
    functionsAt: new Map(starts.map(({ at }, index) => [at, index])),
    maps: mapsType === undefined ? [] : sectionVariables(file, mapsType),
    dataSections: new Map(data.map(({ name }, index) => [name, index])),
  }
  const references = new Map<number, Reference>()
  for (const table of file.sections) {
    const isRelocation = table.type === sectionType.rel || table.type === sectionType.rela
    const text = isRelocation ? context.texts.get(table.info) : undefined
    if (text === undefined) continue
    for (const { offset, symbol } of file.relocations(table)) {
      const index = offset / 8
      if (!Number.isInteger(index) || index >= text.count) continue
      const at = text.start + index
      const found = resolve(context, view, file.littleEndian, at, file.symbols[symbol])
      if (found !== undefined) references.set(at, found)
    }
  }
  const lost = addPlainCalls(context, view, references)
  return { references, lost }
}

function resolve(
  context: Context,
  view: DataView,
  little: boolean,
  at: number,
  symbol: ElfSymbol | undefined,
): Reference | undefined {
  const opcode = view.getUint8(at * 8)
  const immediate = view.getInt32(at * 8 + 4, little)
  if (symbol === undefined) return { kind: 'other' }
  if (opcode === callOpcode) {
    if (symbol.section === undefinedSection) {
      const { name } = symbol
      return { kind: 'kernel function', name, typeId: context.btf.find(name, 'function')?.id ?? 0 }
    }
    return functionAt(context, symbol, symbol.value + (immediate + 1) * 8) ?? { kind: 'other' }
  }
  if (opcode !== loadImmediateOpcode) return undefined
  if (symbol.section === undefinedSection) {
    const variable = context.btf.find(symbol.name, 'variable')
    return variable === undefined ? { kind: 'other' } : { kind: 'variable', typeId: variable.type.id }
  }
  if (symbol.section >= firstReservedSection) return { kind: 'other' }
  const name = context.file.sections[symbol.section]?.name ?? ''
  const offset = symbol.value + immediate
  if (name === '.maps') return { kind: 'map', definition: mapDefinition(context.btf, context.maps, offset) }
  const section = context.dataSections.get(name)
  if (section !== undefined) return { kind: 'section', section, offset }
  return functionAt(context, symbol, offset) ?? { kind: 'other' }
}

function functionAt(context: Context, symbol: ElfSymbol, offset: number): Reference | undefined {
  const text = context.texts.get(symbol.section)
  if (text === undefined || (symbol.type !== symbolType.section && symbol.type !== symbolType.function)) {
    return undefined
  }
  const index = context.functionsAt.get(text.start + offset / 8)
  return index === undefined ? undefined : { kind: 'function', index }
}

/** Calls that name their target by its distance. */
function addPlainCalls(
  { file, texts, functionsAt }: Context,
  view: DataView,
  references: Map<number, Reference>,
): string | undefined {
  let lost: string | undefined
  for (const { section, start, count } of texts.values()) {
    for (let at = start; at < start + count; at++) {
      const opcode = view.getUint8(at * 8)
      if (opcode === loadImmediateOpcode) at++
      if (opcode !== callOpcode) continue
      const registers = view.getUint8(at * 8 + 1)
      const source = file.littleEndian ? registers >> 4 : registers & 15
      if (source !== pseudoCall) continue
      const known = references.get(at)
      if (known !== undefined && known.kind !== 'other') continue
      const target = known === undefined ? at + 1 + view.getInt32(at * 8 + 4, file.littleEndian) : Number.NaN
      const index = functionsAt.get(target)
      if (index === undefined) {
        references.set(at, { kind: 'other' })
        lost ??= `the call at instruction ${at - start} of section ${escapeText(section.name)} leads to no function`
      } else references.set(at, { kind: 'function', index })
    }
  }
  return lost
}
