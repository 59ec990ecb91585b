import type { Btf } from '../../../btf/btf.js'
import { sizeOf, strip } from '../../../btf/layout.js'
import type { SectionType } from '../../../btf/types.js'
import type { DataSection, DataVariable } from '../code/code.js'
import type { ElfFile, ElfSection } from './elf.js'
import { sectionType, symbolType } from './elf.js'

/** Arena variables live here (clang names the section after the address space). */
const arenaSection = '.addr_space.1'
/** DATASECs that hold no memory of the program. */
const notData = new Set([
  '.maps',
  '.ksyms',
  '.kconfig',
  'license',
  'version',
  '.struct_ops',
  '.struct_ops.link',
])
/** R_BPF_64_NODYLD32 (Documentation/bpf/llvm_reloc.rst): adds the symbol's value to a word. */
const addWord = 4

/**
 * The bytes of an object's .BTF section with its relocations done: compilers leave the offsets of variables in
 * their sections to them.
 */
export function relocatedBtf(file: ElfFile, section: ElfSection): Uint8Array {
  const tables = file.sections.filter(({ type, info }) => type === sectionType.rel && info === section.index)
  // A Buffer's own slice would share the file's bytes.
  const bytes = new Uint8Array(section.data)
  const view = new DataView(bytes.buffer)
  for (const table of tables) {
    for (const { offset, symbol, type } of file.relocations(table)) {
      const value = file.symbols[symbol]?.value
      if (type !== addWord || value === undefined || offset + 4 > bytes.length) continue
      view.setUint32(offset, view.getUint32(offset, file.littleEndian) + value, file.littleEndian)
    }
  }
  return bytes
}

/** The variables of a DATASEC; where the BTF has no offset for one yet, its symbol has. */
export function sectionVariables(file: ElfFile, section: SectionType): DataVariable[] {
  const index = file.section(section.name)?.index
  const isUnplaced = section.size === 0
  return section.variables
    .map(({ variable, offset, size }): DataVariable => {
      const symbol =
        isUnplaced && offset === 0
          ? file.symbols.find(
              ({ name, section, type }) =>
                name === variable.name && section === index && type === symbolType.object,
            )
          : undefined
      const type = variable.kind === 'variable' ? variable.type : variable
      return {
        name: variable.name,
        typeId: type.id,
        offset: symbol?.value ?? offset,
        size: size || (sizeOf(type) ?? 0),
      }
    })
    .toSorted((a, b) => a.offset - b.offset)
}

/** The data sections that BTF describes. */
export function readDataSections(file: ElfFile, btf: Btf): DataSection[] {
  const found: DataSection[] = []
  for (const section of btf.types('section')) {
    if (notData.has(section.name)) continue
    found.push({
      typeId: section.id,
      name: section.name,
      variables: sectionVariables(file, section),
      initial: file.section(section.name)?.data ?? new Uint8Array(),
      isArena: section.name === arenaSection,
    })
  }
  return found
}

/** The id of the struct that declares the map at an offset of `.maps`; 0 when there is none. */
export function mapDefinition(btf: Btf, variables: readonly DataVariable[], offset: number): number {
  const variable = variables.find((candidate) => candidate.offset === offset)
  const type = variable && strip(btf.type(variable.typeId))
  return type?.kind === 'struct' ? type.id : 0
}
